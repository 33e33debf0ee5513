/** `Patient/$match` over HTTP: whom it finds, in which order, who may ask, and that it is written down. */
import { create } from '../support/clinic.ts'
import { type Answer, made, matches, parameters, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let ids: Record<'known' | 'twin' | 'namesake' | 'merged', string>

const system = 'urn:oid:1.2.3'
const known = {
  resourceType: 'Patient',
  identifier: [{ system, value: 'M,1' }],
  name: [{ family: 'Øvergård', given: ['Signe'] }],
  birthDate: '1990-05-17',
  gender: 'female',
  telecom: [{ system: 'phone', value: '+47 22 33 44 55' }],
}

beforeAll(async () => {
  house = await testHouse()
  ids = {
    known: await create(house.call, known),
    twin: await create(house.call, { ...known, identifier: [{ system, value: 'M2' }], name: [{ family: 'Øvergård', given: ['Liv'] }] }),
    namesake: await create(house.call, { ...known, identifier: undefined, telecom: undefined, birthDate: '1990-05-18' }),
    merged: '',
  }
  ids.merged = await create(house.call, {
    ...known,
    active: false,
    link: [{ type: 'replaced-by', other: { reference: `Patient/${ids.known}` } }],
  })
  for (let n = 0; n < 30; n++)
    await create(house.call, { resourceType: 'Patient', name: [{ family: 'Other', given: [`N${n}`] }], birthDate: '1990-05-17' })
})
afterAll(() => house.close())

const ask = (resource: object, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> =>
  house.call('POST', 'Patient/$match', parameters({ resource, ...more }))

const graded = ({ json }: Answer): string[] =>
  (json.entry ?? []).map(({ resource, search }) => {
    const { extension = [], score } = search as { extension?: { url: string; valueCode: string }[]; score?: number }
    expect(extension[0]?.url).toBe('http://hl7.org/fhir/StructureDefinition/match-grade')
    expect(Number(score)).toBeGreaterThan(0.05)
    return `${resource.id} ${extension[0]?.valueCode}`
  })

describe('Patient/$match', () => {
  it('finds the surest first, with grade and score; a merged record is not found beside the one it became', async () => {
    const answer = await ask(known)
    expect([answer.status, answer.json.resourceType, answer.json.total]).toEqual([200, 'Bundle', 3])
    expect(graded(answer)[0]).toBe(`${ids.known} certain`)
    expect(graded(answer).slice(1).sort()).toEqual([`${ids.twin} possible`, `${ids.namesake} possible`].sort())
    expect(answer.json.entry?.[0]?.resource).toEqual(made(await house.call('GET', `Patient/${ids.known}`), 200))
  })

  it('finds by what little is said: a number with a comma, a phone, a name as it sounds', async () => {
    expect(graded(await ask({ resourceType: 'Patient', identifier: known.identifier }))).toEqual([`${ids.known} probable`])
    const misheard = {
      resourceType: 'Patient',
      name: [{ family: 'Overgaard', given: ['Signe'] }],
      birthDate: '1990-05-17',
      telecom: known.telecom,
    }
    expect(graded(await ask(misheard))[0]).toBe(`${ids.known} probable`)
  })

  it('gives only certain ones, or so many, where that is asked; nobody where nobody is possible', async () => {
    const certain = await ask(known, { onlyCertainMatches: { valueBoolean: true } })
    expect([certain.json.total, graded(certain)]).toEqual([1, [`${ids.known} certain`]])
    const one = await ask(known, { count: 1 })
    expect([one.json.total, matches(one).length]).toEqual([3, 1])
    const nobody = await ask({ resourceType: 'Patient', name: [{ family: 'Unheard', given: ['Of'] }], birthDate: '1901-01-01' })
    expect([nobody.status, nobody.json.total, nobody.json.entry]).toEqual([200, 0, undefined])
  })

  it('takes a bare Patient, and refuses what is none', async () => {
    expect((await house.call('POST', 'Patient/$match', known)).json.total).toBe(3)
    expect((await house.call('POST', 'Patient/$match', parameters({}))).json.issue[0]?.code).toBe('required')
    expect((await ask({ resourceType: 'Person' })).status).toBe(400)
    expect((await ask({ ...known, birthDate: '1990-13' })).json.issue[0]?.expression).toEqual(['Patient.birthDate'])
    expect((await ask(known, { onlyCertainMatches: 'perhaps' })).status).toBe(400)
  })

  it('is for those who may search all Patients, and is written down for each that was shown', async () => {
    const confined = house.as(await house.token('patient/Patient.rs', { patient: ids.known }))
    expect((await confined('POST', 'Patient/$match', known)).status).toBe(403)
    const granular = house.as(await house.token('system/Patient.rs?active=true'))
    expect((await granular('POST', 'Patient/$match', known)).status).toBe(403)
    const before = matches(await house.call('GET', `AuditEvent?patient=Patient/${ids.twin}&subtype=match`)).length
    await ask(known)
    expect(matches(await house.call('GET', `AuditEvent?patient=Patient/${ids.twin}&subtype=match`))).toHaveLength(before + 1)
  })
})
