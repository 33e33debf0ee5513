/** Whose resources an export has, and which of them: of patients, of a Group, what a filter finds, for whom it is. */
import { type Check, NotDeclared } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, outcome, refused, same, sameSet, status } from '../expect.ts'
import {
  address,
  clause,
  exported,
  exportedAt,
  kickOff,
  lines,
  manifestAt,
  needs,
  ordered,
  progressOf,
  respondAsync,
} from '../exporting.ts'
import { given, keeps, operates } from '../needs.ts'
import { patient, type Resource } from '../resources.ts'
import type { Site } from '../site.ts'

const visit = (who: string, doctor: string): Resource => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: [`Patient/${who}`, `Practitioner/${doctor}`].map((reference) => ({ actor: { reference }, status: 'needs-action' })),
})

/** Two patients, each with a visit to one doctor. */
async function twoPatients({ make, tag }: Site): Promise<{ doctor: Loose; ana: Loose; ben: Loose; hers: Loose; his: Loose }> {
  const doctor = await make({ resourceType: 'Practitioner', name: [{ family: tag }] })
  const [ana, ben] = [await make(patient(tag)), await make(patient(tag))]
  return { doctor, ana, ben, hers: await make(visit(ana.id, doctor.id)), his: await make(visit(ben.id, doctor.id)) }
}

/** Which of these an export has. */
const among = (resources: readonly Loose[], ...wanted: readonly Loose[]): string[] => {
  const own = new Set(wanted.map(({ resourceType, id }) => `${resourceType}/${id}`))
  return resources.map(({ resourceType, id }) => `${resourceType}/${id}`).filter((one) => own.has(one))
}
const named = (...resources: readonly Loose[]): string[] => resources.map(({ resourceType, id }) => `${resourceType}/${id}`)

export const reach: readonly Check[] = [
  {
    name: 'endpoint---all-patients.compartments',
    clause: clause('endpoint---all-patients'),
    requirement: 'Patient/$export has each patient and what is in their compartments, each once',
    needs: [keeps('Patient', 'Practitioner', 'Appointment'), operates('Patient', 'export')],
    run: async (site) => {
      const { doctor, ana, ben, hers, his } = await twoPatients(site)
      const { resources } = await exported(site, '?_type=Patient,Appointment', 'Patient/$export')
      sameSet(among(resources, doctor, ana, ben, hers, his), named(ana, ben, hers, his), 'exported')
    },
  },
  {
    name: 'endpoint---group-of-patients.members',
    clause: clause('endpoint---group-of-patients'),
    requirement: 'Group/[id]/$export has the members of the Group and what is theirs, and nobody else’s; of no Group it is 404',
    needs: [keeps('Patient', 'Practitioner', 'Appointment', 'Group'), operates('Group', 'export')],
    run: async (site) => {
      const { doctor, ana, ben, hers, his } = await twoPatients(site)
      const member = [{ entity: { reference: `Patient/${ana.id}` } }]
      const group = await site.make({ resourceType: 'Group', type: 'person', actual: true, member })
      const { resources } = await exported(site, '?_type=Patient,Appointment', `Group/${group.id}/$export`)
      sameSet(among(resources, doctor, ana, ben, hers, his), named(ana, hers), 'exported')
      refused(await site.get(`Group/${site.tag}/$export`, { headers: respondAsync }), 404, 'of a Group that is not there')
    },
  },
  {
    name: '_typefilter-query-parameter.filters',
    clause: clause('_typefilter-query-parameter'),
    requirement: '_typeFilter gives of its type what the search finds, of another type everything, and a filter that is none is refused',
    needs: [...needs, keeps('Appointment', 'Practitioner')],
    run: async (site) => {
      const { ana, ben, hers, his } = await twoPatients(site)
      const filter = encodeURIComponent(`Patient?_id=${ana.id}`)
      const query = `${address(site)}?_type=Patient,Appointment&_typeFilter=${filter}`
      const order = await kickOff(() => site.get(query, { headers: respondAsync }))
      if (order.status >= 400 && order.status < 500) {
        outcome(order, '_typeFilter')
        throw new NotDeclared('_typeFilter')
      }
      const { resources } = await exportedAt(site, progressOf(site, status(order, 202, '_typeFilter')))
      sameSet(among(resources, ana, ben, hers, his), named(ana, hers, his), 'exported')
      const wrong = `${address(site)}?_type=Patient&_typeFilter=${encodeURIComponent('Patient?no-such-parameter=1')}`
      refused(await site.get(wrong, { headers: respondAsync }), [400, 422], 'a filter that is none')
    },
  },
  {
    name: 'bulk-data-kick-off-request.post',
    clause: clause('bulk-data-kick-off-request'),
    requirement: 'the kick-off by POST takes its parameters from a Parameters resource',
    needs: [...needs, keeps('Practitioner')],
    run: async (site) => {
      const doctor = await site.make({ resourceType: 'Practitioner', name: [{ family: site.tag }] })
      const person = await site.make(patient(site.tag))
      const body = { resourceType: 'Parameters', parameter: [{ name: '_type', valueString: 'Patient' }] }
      const order = await kickOff(() => site.post(address(site), body, respondAsync))
      if (order.status === 404 || order.status === 405) throw new NotDeclared('the kick-off by POST')
      const { resources } = await exportedAt(site, progressOf(site, status(order, 202, 'POST')))
      same(among(resources, doctor, person), named(person), 'exported')
    },
  },
  {
    name: 'query-parameters.lenient',
    clause: clause('query-parameters'),
    requirement: 'what is left aside under handling=lenient is named in files of OperationOutcomes; without it, it is refused',
    needs,
    run: async (site) => {
      const query = `${address(site)}?_type=Patient,Unicorn`
      refused(await site.get(query, { headers: respondAsync }), [400, 422], 'a type that does not exist')
      const lenient = { ...respondAsync, prefer: 'respond-async, handling=lenient' }
      const order = await kickOff(() => site.get(query, { headers: lenient }))
      if (order.status >= 400 && order.status < 500) throw new NotDeclared('handling=lenient')
      const { json } = await manifestAt(site, progressOf(site, status(order, 202, 'handling=lenient')))
      const told: Loose[] = []
      for (const file of json.error) told.push(...(await lines(site, file)))
      hold(told.length > 0 && told.every(({ resourceType }) => resourceType === 'OperationOutcome'), `error: ${JSON.stringify(json.error)}`)
      hold(JSON.stringify(told).includes('Unicorn'), 'no OperationOutcome names what was left aside')
    },
  },
  {
    name: 'security-considerations.of-one',
    clause: clause('security-considerations'),
    requirement: 'a token that may not read what is exported sees neither the progress nor the files, and cannot end the export',
    needs: [...needs, given('slotToken', '--slot-token')],
    run: async (site) => {
      await site.make(patient(site.tag))
      const token = site.options.slotToken ?? null
      const location = await ordered(site, '?_type=Patient')
      const [file] = (await manifestAt(site, location)).json.output
      for (const path of [location, file.url]) refused(await site.get(path, { token }), [401, 403, 404], `GET ${path}`)
      refused(await site.call('DELETE', location, { token }), [401, 403, 404], 'DELETE of the progress')
      status(await site.get(location), 200, 'progress after it')
      refused(await site.get(`${address(site)}?_type=Patient`, { token, headers: respondAsync }), [401, 403], 'an order of Patients')
    },
  },
]
