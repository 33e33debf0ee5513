/** What the search checks look at: four patients, two practitioners and what ties them together, made once a run. */
import type { Loose } from './client.ts'
import { status } from './expect.ts'
import { keeps } from './needs.ts'
import { identifier } from './resources.ts'
import type { Site } from './site.ts'

export type People = {
  /** The family names of all begin with this, in one case or another. */
  readonly tag: string
  readonly anna: Loose
  readonly berta: Loose
  readonly carl: Loose
  readonly dora: Loose
  readonly stone: Loose
  readonly wood: Loose
  readonly clinic: Loose
  readonly dated: Loose
  readonly later: Loose
}

export const peopleAreKept = keeps('Patient', 'Practitioner', 'Organization', 'Appointment')

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export async function people({ make, tag }: Site): Promise<People> {
  const clinic = await make({ resourceType: 'Organization', name: `${tag} clinic` })
  const stone = await make({ resourceType: 'Practitioner', identifier: [identifier(tag, 'stone')], name: [{ family: `${tag}Stone` }] })
  const wood = await make({ resourceType: 'Practitioner', identifier: [identifier(tag, 'wood')], name: [{ family: `${tag}Wood` }] })
  const one = (family: string, given: string, more: object) =>
    make({ resourceType: 'Patient', name: [{ family, given: [given] }], identifier: [identifier(tag, given)], ...more })
  const anna = await one(`${capital(tag)}Kestrel`, 'Anna', {
    gender: 'female',
    birthDate: '1980-02-29',
    active: true,
    telecom: [{ system: 'email', value: `anna@${tag}.example` }],
    address: [{ city: `${tag}ville`, postalCode: '12345' }],
    generalPractitioner: [{ reference: `Practitioner/${stone.id}` }],
    managingOrganization: { reference: `Organization/${clinic.id}` },
    meta: { tag: [{ system: `urn:conformance:${tag}`, code: 'first' }] },
  })
  const berta = await one(`${tag}kestrel-hobby`, 'Berta', {
    gender: 'female',
    birthDate: '1980-03-01',
    active: false,
    generalPractitioner: [{ reference: `Practitioner/${wood.id}` }],
    managingOrganization: { reference: `Organization/${clinic.id}` },
  })
  const carl = await one(`${tag}Mérlin, Jr`, 'Carl', { gender: 'male', birthDate: '1991-12-31' })
  const dora = await one(`${tag}Osprey`, 'Dora', {})
  const dated = await make(appointment('2031-05-05T09:00:00Z', anna.id, stone.id))
  const later = await make(appointment('2031-06-06T09:00:00Z', berta.id, wood.id))
  return { tag, anna, berta, carl, dora, stone, wood, clinic, dated, later }
}

/** Asked for, and so without a time that it takes from anybody. */
const appointment = (start: string, patient: string, practitioner: string) => ({
  resourceType: 'Appointment',
  status: 'proposed',
  start,
  end: start.replace('09:00', '09:30'),
  participant: [`Patient/${patient}`, `Practitioner/${practitioner}`].map((reference) => ({
    actor: { reference },
    status: 'needs-action',
  })),
})

/** Who of them a search finds, by name, whatever else there is. */
export async function found(site: Site, query: string): Promise<string[]> {
  const all = await site.shared(people)
  const answer = status(await site.get(`${query}${query.includes('_count') ? '' : '&_count=200'}`), 200, query)
  const named = new Map(Object.entries(all).flatMap(([name, one]) => (typeof one === 'object' ? [[one.id as string, name]] : [])))
  const matches = (answer.json?.entry ?? []).filter(({ search }: Loose) => search?.mode === undefined || search.mode === 'match')
  return matches.map(({ resource }: Loose) => named.get(resource?.id)).filter((name: string | undefined) => name !== undefined)
}
