/**
 * Two houses that differ in nothing but what is somebody else's: in the first another patient is known, with data of every
 * type that patients own; in the second that patient is not there. Whoever is confined to their own must be answered alike
 * by both, in every word and number, whatever they ask (non-interference, Goguen and Meseguer 1982).
 */
import { dateIn } from '../support/clinic.ts'
import { type Answer, type Ask, type Asking, type Loose, type RestHouse, restHouse } from './rest.ts'

/** In every resource that nobody but staff may see, and in nothing else. */
export const secret = 'XQSECRETQX'
/** In every resource of the patient who asks. */
export const ownMark = 'XQOWNQX'

const ref = (reference: string) => ({ reference })
const code = (text: string) => ({ coding: [{ system: 'urn:x', code: 'c' }], text })
const day = '2020-02-03'

/** One resource of each type that patients own, the patient's own alone, with `mark` where people write and search. */
export function belongings(patient: string, mark: string): Loose[] {
  const who = ref(`Patient/${patient}`)
  const identifier = [{ system: 'urn:x', value: mark }]
  const participant = (others: string[]) => [who.reference, ...others].map((reference) => ({ actor: ref(reference), status: 'accepted' }))
  const all: Loose[] = [
    {
      resourceType: 'Patient',
      name: [{ family: mark, given: [mark] }],
      birthDate: '1980-01-01',
      telecom: [{ system: 'phone', value: mark }],
      address: [{ city: mark }],
      generalPractitioner: [ref('Practitioner/doctor')],
      managingOrganization: ref('Organization/org'),
    },
    {
      resourceType: 'Appointment',
      status: 'fulfilled',
      description: mark,
      comment: mark,
      start: `${day}T10:00:00Z`,
      end: `${day}T10:15:00Z`,
      participant: participant(['Practitioner/doctor', 'Location/place']),
    },
    {
      resourceType: 'AppointmentResponse',
      appointment: ref(`Appointment/${patient}-Appointment`),
      actor: who,
      participantStatus: 'accepted',
      comment: mark,
    },
    { resourceType: 'RelatedPerson', patient: who, name: [{ family: mark }] },
    { resourceType: 'Person', name: [{ family: mark }], link: [{ target: who }] },
    { resourceType: 'Device', patient: who, deviceName: [{ name: mark, type: 'user-friendly-name' }], location: ref('Location/place') },
    { resourceType: 'Schedule', actor: [who], comment: mark },
    { resourceType: 'Coverage', status: 'active', beneficiary: who, payor: [ref('Organization/org')], subscriberId: mark },
    {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      code: code(mark),
      subject: who,
      performer: [ref('Practitioner/doctor')],
      note: [{ text: mark }],
    },
    {
      resourceType: 'Communication',
      status: 'completed',
      subject: who,
      recipient: [ref('Practitioner/doctor')],
      payload: [{ contentString: mark }],
    },
    {
      resourceType: 'Consent',
      status: 'active',
      scope: code(mark),
      category: [code(mark)],
      patient: who,
      dateTime: day,
      policyRule: code(mark),
    },
    {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB', display: mark },
      subject: who,
      participant: [{ individual: ref('Practitioner/doctor') }],
      appointment: [ref(`Appointment/${patient}-Appointment`)],
    },
    { resourceType: 'QuestionnaireResponse', status: 'completed', subject: who, item: [{ linkId: '1', answer: [{ valueString: mark }] }] },
    {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      description: mark,
      for: who,
      focus: ref(`Appointment/${patient}-Appointment`),
    },
    {
      resourceType: 'Provenance',
      target: [who],
      recorded: `${day}T10:00:00Z`,
      agent: [{ who: ref('Practitioner/doctor') }],
      policy: [`urn:${mark}`],
    },
    { resourceType: 'Binary', contentType: 'text/plain', securityContext: who, data: Buffer.from(mark).toString('base64') },
    { resourceType: 'Group', type: 'person', actual: true, name: mark, member: [{ entity: who }] },
  ]
  return all.map((one) => ({
    ...one,
    id: one.resourceType === 'Patient' ? patient : `${patient}-${one.resourceType}`,
    ...(['Schedule', 'Communication', 'Consent', 'Task', 'Provenance', 'QuestionnaireResponse', 'Binary'].includes(one.resourceType)
      ? {}
      : { identifier }),
    ...(one.resourceType === 'QuestionnaireResponse' ? { identifier: identifier[0] } : {}),
    ...(['AppointmentResponse', 'Provenance'].includes(one.resourceType) ? { identifier: undefined } : {}),
  }))
}

/** What both houses have: the clinic, and what is the asker's. */
const clinic: Loose[] = [
  { resourceType: 'Organization', id: 'org', name: 'Clinic' },
  { resourceType: 'Practitioner', id: 'doctor', name: [{ family: 'Doctor' }] },
  { resourceType: 'Location', id: 'place', name: 'Place', status: 'active' },
  { resourceType: 'HealthcareService', id: 'service', name: 'Visit', active: true, type: [code('visit')] },
  {
    resourceType: 'Schedule',
    id: 'doctors',
    active: true,
    serviceType: [code('visit')],
    actor: ['Practitioner/doctor', 'Location/place', 'HealthcareService/service'].map(ref),
    extension: [
      { url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: 'Etc/UTC' },
      {
        url: 'https://slotwise.org/fhir/StructureDefinition/availability',
        extension: [
          ...['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].map((one) => ({ url: 'daysOfWeek', valueCode: one })),
          { url: 'startTime', valueTime: '09:00:00' },
          { url: 'endTime', valueTime: '11:00:00' },
          { url: 'slotMinutes', valuePositiveInt: 15 },
        ],
      },
    ],
    planningHorizon: { start: new Date(Date.now() - 86_400_000).toISOString(), end: new Date(Date.now() + 20 * 86_400_000).toISOString() },
  },
]

export const own = 'own'
export const other = 'other'
/** A free time of the doctor's, 09:00 some days from now. */
export const startIn = (days: number, time = '09:00:00'): string => `${dateIn(days)}T${time}Z`

async function put(ask: Ask, resource: Loose): Promise<void> {
  const { status, text } = await ask('PUT', `${resource.resourceType}/${resource.id}`, { body: resource })
  if (status !== 200 && status !== 201) throw new Error(`PUT ${resource.resourceType} was answered ${status}: ${text.slice(0, 500)}`)
}

/**
 * Handed over: once somebody else's, now the asker's. Whose they were and what they said differs between the houses; that
 * there is an earlier version does not.
 */
const handed = (patient: string, mark: string): Loose[] =>
  belongings(patient, mark)
    .filter(({ resourceType }) => resourceType !== 'Patient')
    .map((one) => ({ ...one, id: `handed-${one.resourceType}` }))

/** Of both: the asker's, and somebody else's too, who is not shown along with it. */
export const sharedTypes = ['Appointment', 'Group', 'Communication']
const shared = (patient: string): Loose[] => {
  const both = [own, patient].map((one) => ref(`Patient/${one}`))
  const participant = [...both, ref('Practitioner/doctor')].map((actor) => ({ actor, status: 'accepted' }))
  return [
    { resourceType: 'Appointment', status: 'fulfilled', start: `${day}T12:00:00Z`, end: `${day}T12:15:00Z`, participant },
    { resourceType: 'Group', type: 'person', actual: true, member: both.map((entity) => ({ entity })) },
    { resourceType: 'Communication', status: 'completed', subject: both[0], recipient: [...both, ref('Practitioner/doctor')] },
  ].map((one) => ({ ...one, id: `shared-${one.resourceType}` }))
}

/** Whoever this is, a Consent keeps from them all of the patient whom the houses differ in. */
export const keptOut = 'Practitioner/kept-out'
const keeping = (patient: string): Loose => ({
  resourceType: 'Consent',
  id: 'keeping',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: ref(`Patient/${patient}`),
  policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
  provision: {
    type: 'deny',
    actor: [
      {
        role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'PRCP' }] },
        reference: ref(keptOut),
      },
    ],
  },
})

export type World = RestHouse & { readonly isFirst: boolean }

async function world(isFirst: boolean): Promise<World> {
  const house = await restHouse()
  const { ask } = house
  for (const one of [...clinic, ...belongings(own, ownMark)]) await put(ask, one)
  for (const one of isFirst ? handed(other, secret) : handed('third', 'XQTHIRDQX')) await put(ask, one)
  for (const one of [...handed(own, ownMark), ...shared(isFirst ? other : 'third')]) await put(ask, one)
  if (isFirst) await othersOf(ask)
  await put(ask, keeping(isFirst ? other : 'third'))
  return { ...house, isFirst }
}

async function othersOf(ask: Ask): Promise<void> {
  for (const one of belongings(other, secret)) await put(ask, one)
  for (const one of belongings(other, secret).filter(({ resourceType }) => resourceType !== 'Patient')) {
    await put(ask, { ...one, id: `deleted-${one.resourceType}` })
    await ask('DELETE', `${one.resourceType}/deleted-${one.resourceType}`)
  }
  // A visit to come that takes up nobody but the patient.
  const participant = [{ actor: ref('Patient/other'), status: 'accepted' }]
  await put(ask, {
    resourceType: 'Appointment',
    id: 'other-to-come',
    status: 'booked',
    description: secret,
    start: startIn(5),
    end: startIn(5, '09:15:00'),
    participant,
  })
  await ask('GET', 'Patient/other')
  await ask('GET', 'Appointment?patient=Patient/other')
}

export async function twoWorlds(): Promise<{ worlds: readonly [World, World]; close: () => Promise<void> }> {
  const worlds = [await world(true), await world(false)] as const
  return { worlds, close: async () => void (await Promise.all(worlds.map((one) => one.close()))) }
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** Of today and with milliseconds: when it was written or asked. */
const instant = /\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d(?::|%3A)\d\d\.\d{3}Z/g

/** Of the connection, or a number of its own for each request. A length says no more than the text, which is compared. */
const ofTheRequest: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive', 'content-length', 'x-request-id'])

/** An answer, every header of it, without what differs between any two askings: addresses, new ids, the time, words that hold those. */
export function plain({ status, text, headers }: Answer, origin: string): string {
  const told = Object.entries(headers).filter(([name]) => !ofTheRequest.has(name))
  const lines = [String(status), ...told.map(([name, value]) => `${name}: ${value}`).sort(), text]
  const said = lines
    .join('\n')
    .replaceAll(origin, '')
    .replace(/_(cursor|before)=[\w.%~-]+/g, '_$1=…')
    .replace(instant, 'now')
    .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'now')
    .replace(uuid, 'uuid')
    .replace(/"[2-9CDFGHJKMNPRTWXY]{3}(-[2-9CDFGHJKMNPRTWXY]{3}){2}"/g, '"number"')
  if (!said.includes('/AuditEvent/uuid')) return said
  // AuditEvents of one millisecond come in an order of their own, and a page, or what one answer holds of them, may end between them.
  const entries = said.split('{"fullUrl":')
  return /"relation":"next"|"code":"incomplete"/.test(said) ? `${entries[0]} and ${entries.length} entries` : entries.toSorted().join('\n')
}

export type Attack = { readonly method: string; readonly path: string; readonly asking?: Asking }
