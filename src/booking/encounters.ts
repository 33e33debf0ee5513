/**
 * The Encounter that a visit becomes: opened when somebody checks in, finished when the visit is fulfilled, cancelled when it
 * does not take place after all. https://hl7.org/fhir/R4/encounter.html
 * Left out: what happens in it. An Encounter that refers to the Appointment already is the one, whoever made it.
 */

import { localReference, typeOfReference } from '../fhir/reference.ts'
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import { encountersOf } from '../store/encounters.ts'
import type { House } from '../store/house.ts'
import { insertResource, replaceResource } from '../store/resources.ts'
import { participantsOf } from './participants.ts'
import { resourceWrite } from './resource-write.ts'

type Attended = {
  readonly visit: Resource
  readonly id: string
  readonly at: string
  readonly audit: AuditRow
}

const open: ReadonlySet<string> = new Set(['planned', 'arrived', 'triaged', 'in-progress', 'onleave'])

/** One for each patient who takes part, unless there is one for the visit already; a planned one then begins. */
export async function openEncounters(tx: Tx, house: House, attended: Attended): Promise<void> {
  const { visit, id, at } = attended
  const known = (await encountersOf(tx, id)).map((body) => JSON.parse(body) as Resource)
  const live = known.filter(({ status }) => open.has(String(status)) || status === 'finished')
  for (const encounter of live.filter(({ status }) => status === 'planned'))
    await replaced(tx, house, attended, { ...encounter, status: 'arrived', period: { ...(encounter.period as object), start: at } })
  if (live.length > 0) return
  for (const patient of participants(visit, ['Patient'])) await inserted(tx, house, attended, encounterOf(visit, id, patient, at))
}

/** Those that are still open end with the visit. */
export async function closeEncounters(tx: Tx, house: House, attended: Attended & { readonly status: string }): Promise<void> {
  // Only somebody who is here has one that we opened; others are read once, when a visit is fulfilled.
  if (attended.status !== 'finished' && !here.has(String(attended.visit.status))) return
  for (const body of await encountersOf(tx, attended.id)) {
    const encounter = JSON.parse(body) as Resource
    if (!open.has(String(encounter.status))) continue
    await replaced(tx, house, attended, {
      ...encounter,
      status: attended.status,
      period: { ...(encounter.period as object), end: attended.at },
    })
  }
}

const here: ReadonlySet<string> = new Set(['arrived', 'checked-in'])

const participants = (visit: Resource, types: readonly string[]): { reference: string; display?: string }[] =>
  participantsOf(visit).flatMap(({ actor, status }) => {
    const reference = actor?.reference
    if (reference === undefined || status === 'declined' || !types.includes(typeOfReference(reference) ?? '')) return []
    return [{ reference, ...(actor?.display !== undefined && { display: actor.display }) }]
  })

const ambulatory = { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' }

function encounterOf(visit: Resource, id: string, patient: { reference: string }, at: string): Resource {
  const people = participants(visit, ['Practitioner', 'PractitionerRole', 'RelatedPerson'])
  const places = participants(visit, ['Location'])
  const [serviceType] = (visit.serviceType ?? []) as unknown[]
  return {
    resourceType: 'Encounter',
    // What may not be told of the visit may not be told of what it became.
    ...(visit.meta?.security !== undefined && { meta: { security: visit.meta.security } }),
    status: 'arrived',
    class: ambulatory,
    ...(serviceType !== undefined && { serviceType }),
    subject: patient,
    ...(localServiceRequests(visit).length > 0 && { basedOn: localServiceRequests(visit) }),
    ...(people.length > 0 && { participant: people.map((individual) => ({ individual })) }),
    appointment: [{ reference: `Appointment/${id}` }],
    period: { start: at },
    ...(visit.reasonCode !== undefined && { reasonCode: visit.reasonCode }),
    ...(places.length > 0 && { location: places.map((location) => ({ location })) }),
  }
}

const localServiceRequests = (visit: Resource): unknown[] =>
  ((visit.basedOn ?? []) as { reference?: string }[]).filter(({ reference = '' }) => localReference(reference)?.type === 'ServiceRequest')

/** The caller's own row says what happened to the Appointment; each Encounter has one of its own. */
const writeOf = (house: House, { at, audit }: Attended, id: string, resource: Resource, interaction: 'create' | 'update') =>
  resourceWrite(house, resource, {
    id,
    at,
    audit: { ...audit, id: house.ids.next(), interaction, action: interaction === 'create' ? 'C' : 'U' },
  })

async function inserted(tx: Tx, house: House, attended: Attended, resource: Resource): Promise<void> {
  await insertResource(tx, house.definitions, writeOf(house, attended, house.ids.next(), resource, 'create'))
}

async function replaced(tx: Tx, house: House, attended: Attended, resource: Resource): Promise<void> {
  await replaceResource(tx, house.definitions, writeOf(house, attended, String(resource.id), resource, 'update'))
}
