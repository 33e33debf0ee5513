/**
 * Events with the resources that they are about, as they were after the change, and the record that they are shown: it is
 * written before anything is sent. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/payloads.html
 */
import type { Actor, Masking } from '../access/actor.ts'
import { asBusyTime, textAsBusyTime } from '../access/busy-time.ts'
import { asChannelsShown } from '../access/channel-secrets.ts'
import { isHideable, isMaskable } from '../access/masking.ts'
import { patientsConcerned } from '../fhir/patients-concerned.ts'
import type { Resource } from '../fhir/resource.ts'
import { type AuditRow, auditPatients } from '../store/audit-rows.ts'
import { versionsNamed } from '../store/changes.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { maskedByThemselves } from '../store/search/judge.ts'
import { maskedAmong } from '../store/search/masked.ts'
import type { EventRow } from '../store/subscriptions.ts'
import type { Content } from './asked.ts'
import type { ToldEvent } from './notification.ts'

/**
 * An id that is said of a patient's resource is written down as well; an empty message tells nothing of anybody. `except`:
 * nothing of these patients, whose Consents keep it from whoever asks now. `masking`: visits as they may see them, by what is
 * known of them today; of what is about a sensitive one, or was by the version that is told of, not even that it is.
 */
export async function toldEvents(
  house: House,
  events: readonly EventRow[],
  content: Content,
  shown: { readonly audit: AuditRow; readonly entity: string },
  { keptFrom: except = [], masking }: Pick<Actor, 'keptFrom' | 'masking'>,
): Promise<ToldEvent[]> {
  const isBare = content === 'empty' && except.length === 0
  const looked = isBare ? events.filter(({ type }) => masking !== undefined && isHideable(type)) : events
  const all = await bodiesOf(house, looked)
  const masked = masking ? await maskedEvents(house, looked, all, masking) : new Set()
  const isKept = (event: EventRow): boolean => {
    if (masked.has(event) && isHideable(event.type)) return false
    const said = all.get(event)
    return !said || except.length === 0 || !patientsIn(house, said.body).some((patient) => except.includes(patient))
  }
  const kept = events.filter(isKept)
  if (content === 'empty') return kept.map(empty)
  const patients = new Set(kept.flatMap((event) => patientsIn(house, all.get(event)?.body)))
  if (patients.size > 0) await auditPatients(house.pool, { ...shown, patients: [...patients] })
  return kept.map((event) => {
    const body = event.kind === 'delete' ? undefined : all.get(event)?.body
    if (body === undefined) return empty(event)
    return { ...event, body: masked.has(event) ? textAsBusyTime(body, house.base) : asBusyTime({ masking }, body, house.base) }
  })
}

type Said = { readonly updated: Date; readonly body: string }

/** Of sensitive visits and of what is about them, as they are known today or by what the version says itself. */
async function maskedEvents(
  house: House,
  events: readonly EventRow[],
  bodies: ReadonlyMap<EventRow, Said>,
  masking: Masking,
): Promise<ReadonlySet<EventRow>> {
  const masked = new Set<EventRow>()
  for (const [type, some] of Map.groupBy(events, (event) => event.type)) {
    if (!isMaskable(type)) continue
    const ids = await maskedAmong(house.pool, { type, bounds: { masking } }, [...new Set(some.map(({ id }) => id))])
    const versions = some.map((event) => ({ event, updated: event.at, body: null, ...bodies.get(event) }))
    const themselves = await maskedByThemselves(house, { type, id: ({ event }) => event.id, bounds: { masking } }, versions)
    for (const version of versions) if (ids.has(version.event.id) || themselves.has(version)) masked.add(version.event)
  }
  return masked
}

const empty = (event: EventRow): ToldEvent => ({ ...event, body: null })

/** Of a deletion, what was there before: for whom it concerns, and what it was about. */
async function bodiesOf(house: House, events: readonly EventRow[]): Promise<Map<EventRow, Said>> {
  const bodies = new Map<EventRow, Said>()
  for (const [type, some] of Map.groupBy(events, (event) => event.type)) {
    const plain = some.filter(({ kind }) => kind !== 'slots')
    const named = plain.map((event) => ({ id: event.id, version: lastSaid(event) }))
    const versions = await versionsNamed(house.pool, type, named)
    const byName = new Map(versions.map((one) => [`${one.id}/${one.version}`, one]))
    for (const event of plain) {
      const { body, updated } = byName.get(`${event.id}/${lastSaid(event)}`) ?? { body: null, updated: event.at }
      if (body !== null) bodies.set(event, { updated, body: asChannelsShown(house.secrets, undefined, body) })
    }
  }
  for (const event of events.filter(({ kind }) => kind === 'slots')) {
    const schedule = await currentResource(house.pool, 'Schedule', event.id)
    if (schedule?.body) bodies.set(event, { updated: schedule.updated, body: schedule.body })
  }
  return bodies
}

const lastSaid = ({ kind, version }: EventRow): string => (kind === 'delete' ? String(BigInt(version) - 1n) : version)

function patientsIn({ definitions, base }: House, body: string | undefined): string[] {
  return body === undefined ? [] : patientsConcerned(definitions, JSON.parse(body) as Resource, base)
}
