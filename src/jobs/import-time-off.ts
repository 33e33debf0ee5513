/**
 * A calendar of somebody's time off, written into the resource that it is for as `not-available`: each closure bears the
 * UID of its event, so that importing the file again changes nothing, and a newer one replaces what it has said before.
 * The write is an ordinary update, over the version that was read.
 */
import { isDeepStrictEqual } from 'node:util'
import { dayMs } from '../base/durations.ts'
import { Fault, fault } from '../base/fault.ts'
import { horizonDaysMax, timeOffMax } from '../base/limits.ts'
import { isTimeZone } from '../base/time-zones.ts'
import { type TimeOff, type TimeOffRead, timeOffIn } from '../calendars/time-off.ts'
import type { Resource } from '../fhir/resource.ts'
import { update } from '../interactions/update.ts'
import { notAvailableUrl } from '../scheduling/extension-parts.ts'
import { instantOnDay, localReading } from '../scheduling/local-time.ts'
import { timeZoneOf } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { operator } from './own-actors.ts'

const types = ['Practitioner', 'Location', 'Organization', 'Schedule']
const attemptsMax = 5

export type TimeOffImport = {
  readonly calendar: string
  /** `Practitioner/1` */
  readonly target: string
  /** Of times that name none; else the resource's own, else the setting. */
  readonly zone?: string
  /** What was imported before and is not in this file goes. */
  readonly replace: boolean
  readonly summaries: boolean
}

export type TimeOffImported = Pick<TimeOffRead, 'skipped' | 'refused'> & { readonly closures: number; readonly changed: boolean }

/** Throws: not-found, value, structure, business-rule, and whatever speaks against the write. */
export async function importTimeOff(house: House, input: TimeOffImport): Promise<TimeOffImported> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await importOver(house, input)
    } catch (error) {
      if (!(error instanceof Fault && error.kind === 'stale') || attempt >= attemptsMax) throw error
    }
  }
}

async function importOver(house: House, { calendar, target, zone, replace, summaries }: TimeOffImport): Promise<TimeOffImported> {
  const [type = '', id = ''] = target.split('/')
  if (zone !== undefined && !isTimeZone(zone)) throw fault('value', `${zone} is no IANA time zone.`)
  if (!types.includes(type)) throw fault('value', `Time off is of a ${types.join(', ')}: name one, such as Practitioner/1.`)
  const row = await currentResource(house.pool, type, id)
  if (!row || row.body === null) throw fault('not-found', `There is no ${target}.`)
  const before = JSON.parse(row.body) as Resource
  const now = house.clock.now().getTime()
  const clock = { instantOnDay, isTimeZone, reading: localReading }
  const local = zone ?? timeZoneOf(before) ?? house.defaultTimeZone
  const read = timeOffIn(calendar, { clock, zone: local, from: now, until: now + horizonDaysMax * dayMs, summaries })
  const extension = merged(before, read, replace)
  const { extension: had, ...rest } = before
  const after: Resource = { ...rest, ...(extension.length > 0 && { extension }) } as Resource
  const changed = !isDeepStrictEqual(had ?? [], extension)
  if (changed) await written(house, type, id, row.version, after)
  return { closures: read.timeOff.length, changed, skipped: read.skipped, refused: read.refused }
}

type Extension = { readonly url?: string; readonly extension?: readonly { readonly url?: string; readonly valueString?: string }[] }

const uidOf = ({ url, extension }: Extension): string | undefined =>
  url === notAvailableUrl ? extension?.find((part) => part.url === 'uid')?.valueString : undefined

/** What else stands there stays, in its place; what calendars say comes after it, in one order whichever was read last. */
function merged(resource: Resource, { timeOff, uids, refused }: TimeOffRead, replace: boolean): readonly unknown[] {
  const readable = new Set(uids)
  const broken = new Set(refused.map(({ uid }) => uid))
  const goes = (one: Extension): boolean => {
    const uid = uidOf(one)
    return uid !== undefined && !broken.has(uid) && (replace || readable.has(uid))
  }
  const kept = ((resource.extension ?? []) as Extension[]).filter((one) => !goes(one))
  const imported = [...kept.filter((one) => uidOf(one) !== undefined), ...timeOff.map(closureOf)]
  const all = [...kept.filter((one) => uidOf(one) === undefined), ...imported.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))]
  if (all.length <= timeOffMax) return all
  throw fault('business-rule', `That would be more than ${timeOffMax} closures of one resource: import a smaller calendar.`)
}

/** By start, then by event. */
const placeOf = (one: Extension): string => {
  const { start } =
    (one.extension?.find(({ url }) => url === 'during') as { valuePeriod?: { start?: string } } | undefined)?.valuePeriod ?? {}
  return `${start} ${uidOf(one)}`
}

const closureOf = ({ uid, start, end, description }: TimeOff): Extension => ({
  url: notAvailableUrl,
  extension: [
    { url: 'during', valuePeriod: { start, end } } as { url: string },
    ...(description === undefined ? [] : [{ url: 'description', valueString: description }]),
    { url: 'uid', valueString: uid },
  ],
})

async function written(house: House, type: string, id: string, version: string, resource: Resource): Promise<void> {
  const text = JSON.stringify(resource)
  const headers = { ifMatch: `W/"${version}"`, prefer: {} }
  await update(house, operator, { type, id, query: [], body: resource, text, headers, method: 'PUT', url: `${type}/${id}` })
}
