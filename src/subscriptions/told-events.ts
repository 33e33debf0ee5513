/**
 * Events with the resources that they are about, as they were after the change, and the record that they are shown: it is
 * written before anything is sent. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/payloads.html
 */
import type { Actor, Masking } from '../access/actor.ts'
import { asBusyTime, textAsBusyTime } from '../access/busy-time.ts'
import { asChannelsShown } from '../access/channel-secrets.ts'
import { isHideable, maskedTypes } from '../access/masking.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import { type AuditRow, auditPatients } from '../store/audit-rows.ts'
import { versionsNamed } from '../store/changes.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { maskedAmong } from '../store/search/masked.ts'
import type { EventRow } from '../store/subscriptions.ts'
import type { Content } from './asked.ts'
import type { ToldEvent } from './notification.ts'

/**
 * An id that is said of a patient's resource is written down as well; an empty message tells nothing of anybody. `except`:
 * nothing of these patients, whose Consents keep it from whoever asks now. `masking`: visits as they may see them, by what is
 * known of them today.
 */
export async function toldEvents(
  house: House,
  events: readonly EventRow[],
  content: Content,
  shown: { readonly audit: AuditRow; readonly entity: string },
  { keptFrom: except = [], masking }: Pick<Actor, 'keptFrom' | 'masking'>,
): Promise<ToldEvent[]> {
  const told = masking ? await unhidden(house, events, masking) : events
  if (content === 'empty' && except.length === 0) return told.map(empty)
  const all = await bodiesOf(house, told)
  const bodies = new Map([...all].filter(([, body]) => !patientsIn(house, body).some((patient) => except.includes(patient))))
  const kept = told.filter((event) => !all.has(keyOf(event)) || bodies.has(keyOf(event)))
  if (content === 'empty') return kept.map(empty)
  const patients = new Set([...bodies.values()].flatMap((body) => patientsIn(house, body)))
  if (patients.size > 0) await auditPatients(house.pool, { ...shown, patients: [...patients] })
  const shownBodies = masking ? await maskedBodies(house, kept, bodies, masking) : bodies
  return kept.map((event) => ({ ...event, body: event.kind === 'delete' ? null : (shownBodies.get(keyOf(event)) ?? null) }))
}

/** What is about a sensitive visit as it is known today is told of to nobody who may not know of the visit, not even that it is. */
async function unhidden(house: House, events: readonly EventRow[], masking: Masking): Promise<readonly EventRow[]> {
  const hidden = new Set<EventRow>()
  for (const [type, some] of Map.groupBy(events, (event) => event.type)) {
    if (!isHideable(type)) continue
    const ids = await maskedAmong(house.pool, { type, bounds: { masking } }, [...new Set(some.map(({ id }) => id))])
    for (const event of some) if (ids.has(event.id)) hidden.add(event)
  }
  return events.filter((event) => !hidden.has(event))
}

async function maskedBodies(
  house: House,
  events: readonly EventRow[],
  bodies: ReadonlyMap<string, string>,
  masking: Masking,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const [type, some] of Map.groupBy(events, (event) => event.type)) {
    const ids = [...new Set(some.map(({ id }) => id))]
    const masked = maskedTypes.has(type) ? await maskedAmong(house.pool, { type, bounds: { masking } }, ids) : new Set()
    for (const event of some) {
      const body = bodies.get(keyOf(event))
      if (body === undefined) continue
      found.set(keyOf(event), masked.has(event.id) ? textAsBusyTime(body, house.base) : asBusyTime({ masking }, body, house.base))
    }
  }
  return found
}

const empty = (event: EventRow): ToldEvent => ({ ...event, body: null })

const keyOf = ({ type, id, version }: Pick<EventRow, 'type' | 'id' | 'version'>): string => `${type}/${id}/${version}`

/** Of a deletion, what was there before: for whom it concerns. */
async function bodiesOf(house: House, events: readonly EventRow[]): Promise<Map<string, string>> {
  const bodies = new Map<string, string>()
  for (const type of new Set(events.map((event) => event.type))) {
    const named = events
      .filter((event) => event.type === type && event.kind !== 'slots')
      .map(({ id, version, kind }) => ({ id, version: kind === 'delete' ? String(BigInt(version) - 1n) : version }))
    for (const { id, version, body } of await versionsNamed(house.pool, type, named))
      if (body !== null) bodies.set(keyOf({ type, id, version }), asChannelsShown(house.secrets, undefined, body))
  }
  for (const event of events.filter(({ kind }) => kind === 'slots')) {
    const schedule = await currentResource(house.pool, 'Schedule', event.id)
    if (schedule?.body) bodies.set(keyOf(event), schedule.body)
  }
  return bodies
}

function patientsIn(house: House, body: string): string[] {
  const resource = JSON.parse(body) as Resource
  if (resource.resourceType === 'Patient') return [String(resource.id)]
  const own = '@Patient/'
  return indexValues(house.definitions, resource, house.base).terms.flatMap((term) =>
    term.startsWith(own) ? [term.slice(own.length)] : [],
  )
}
