/**
 * What `$find-slots` and `$find` are asked, read from either's parameters and narrowed down to Schedules.
 * docs/operations.md; names of the dialects in `fhir/parameters.ts`.
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import { findWindowDaysDefault, findWindowDaysMax, jointAlternativesMax, visitMinutesMax } from '../base/limits.ts'
import { pageSizeDefault, pageSizeMax } from '../base/search-limits.ts'
import type { FindQuery, Position } from '../booking/find-query.ts'
import { schedulesIn } from '../booking/joint-calendars.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, instantIn, textIn, tokensIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf } from '../fhir/resource.ts'
import { type DayCode, dayCodes, isDayCode } from '../scheduling/availability-rules.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { House } from '../store/house.ts'
import { slotsOfOtherTypes } from '../store/slot-lookups.ts'
import { patientTime } from '../store/visit-context.ts'
import { minutesAsked } from './asked-minutes.ts'
import { timingIn } from './asked-timing.ts'
import { schedulesOf } from './find-schedules.ts'
import { eachNamedBy } from './named-resources.ts'
import { type Referral, referralOf } from './referral.ts'
import { resourceGroupsIn } from './resource-groups.ts'
import { assertKnown } from './unknown-parameters.ts'

export const findParameters: ReadonlySet<string> = new Set([
  'start',
  'end',
  'schedule',
  'practitioner',
  'practitioner-role',
  'location',
  'location-string',
  'organization',
  'healthcare-service',
  'service-type',
  'specialty',
  'appointment-type',
  'modality',
  'referral-identifier',
  'reason',
  'timing',
  'coverage',
  'insurance-reference',
  'patient-resource',
  'patient',
  'duration',
  'day-of-week',
  'time-from',
  'time-to',
  'near',
  'resource-group',
  'alternatives',
  'gender',
  'language',
  '_count',
  '_include',
  '_cursor',
])

export type Criteria = {
  readonly query: FindQuery
  readonly includes: readonly string[]
  readonly unknown: readonly string[]
  readonly window: { start: number; end: number }
  /** The ids of the patients whom the visit is for: those named, or whom the referral is about. */
  readonly patients: readonly string[]
  readonly referral?: Referral
  /** Of a visit over several actors at once. */
  readonly groups?: readonly JointGroup[]
  readonly inputs: Inputs
}

/** Throws: value, too-costly, and `malformed` for an unknown parameter under `Prefer: handling=strict`. */
export async function criteriaOf(
  house: House,
  actor: Actor,
  request: FhirRequest,
  online: boolean,
  names: ReadonlySet<string> = findParameters,
): Promise<Criteria> {
  const inputs = inputsOf(request, names)
  const timing = timingIn(inputs)
  const unknown = [...inputs.unknown, ...timing.ignored]
  assertKnown({ unknown }, request)
  const window = windowOf(house, inputs)
  const found = await referralOf(house, actor, inputs)
  const referral = found === 'unknown' ? undefined : found
  const named = await eachNamedBy(house, actor, inputs, 'patient', 'Patient')
  const patients = named.length > 0 || !referral?.patient ? named : [referral.patient]
  const groups = await resourceGroupsIn(house, inputs)
  const among = groups && schedulesIn(groups.slice(0, 1))
  const schedules = found === 'unknown' ? [] : await schedulesOf(house, actor, inputs, request, { referral, among })
  const from = Math.max(window.start, house.clock.now().getTime(), timing.from ?? 0)
  const until = Math.min(window.end, timing.until ?? window.end)
  return {
    window,
    patients,
    referral,
    groups,
    inputs,
    includes: allOf(inputs, '_include').map(textIn),
    unknown,
    query: {
      schedules: from < until ? schedules : [],
      from,
      until,
      count: countOf(inputs),
      service: serviceOf(house, inputs),
      minutes: minutesAsked(inputs) ?? timing.minutes,
      days: daysBoth(daysOf(inputs), timing.days),
      times: timing.times,
      timeFrom: timeOf(inputs, 'time-from'),
      timeTo: timeOf(inputs, 'time-to'),
      online: online || actor.patient !== undefined,
      busy: await busyTime(house, actor, patients, window),
      except: await keptForOthers(house, inputs, groups ? schedulesIn(groups) : schedules, { from, until }),
      after: positionOf(inputs),
      alternatives: groups && alternativesOf(inputs),
    },
  }
}

/** Days of the week that both ways of asking allow. */
const daysBoth = (one: readonly DayCode[] | undefined, other: readonly DayCode[] | undefined): readonly DayCode[] | undefined =>
  one && other ? one.filter((day) => other.includes(day)) : (one ?? other)

/** Slots that say which type of appointment they are for, and it is not one that was asked for. */
async function keptForOthers(
  house: House,
  inputs: Inputs,
  schedules: readonly string[],
  { from, until }: { from: number; until: number },
): Promise<ReadonlySet<string> | undefined> {
  const types = allOf(inputs, 'appointment-type').flatMap(tokensIn)
  if (types.length === 0 || schedules.length === 0 || from >= until) return undefined
  const words = types.map(({ system, code }) => `appointment-type=${system === undefined ? '' : `${system}|`}${code}`)
  return new Set(await slotsOfOtherTypes(house.pool, { schedules, from: instantOf(from), until: instantOf(until), words }))
}

function windowOf(house: House, inputs: Inputs): { start: number; end: number } {
  const [from, to] = [firstOf(inputs, 'start'), firstOf(inputs, 'end')]
  const start = from ? instantIn(from) : house.clock.now().getTime()
  const end = to ? instantIn(to) : start + findWindowDaysDefault * dayMs
  if (end <= start) throw fault('value', 'The end of the window must be after its start.', 'end')
  if (end - start > findWindowDaysMax * dayMs) throw fault('too-costly', `Ask for at most ${findWindowDaysMax} days at once.`, 'end')
  return { start, end }
}

/** When the patients are busy, as far as the caller may know: their own visits are not offered a second time. */
export async function busyTime(
  house: House,
  actor: Actor,
  asked: readonly string[],
  window: { start: number; end: number },
): Promise<Interval[] | undefined> {
  const patients = asked.length > 0 || actor.patient === undefined ? asked : [actor.patient]
  const permission = mayWhole(actor, 's', 'Appointment')
  if (!permission.allowed) return undefined
  const reached = patients.filter((patient) => permission.patient === undefined || permission.patient === patient)
  // Whom a Consent keeps is looked for like one who is not there, who has no visits.
  const known = reached.map((patient) => (actor.keptFrom?.includes(patient) ? '' : patient))
  if (known.length === 0) return undefined
  const until = instantOf(window.end + visitMinutesMax * 60_000)
  return (await Promise.all(known.map((patient) => patientTime(house.pool, patient, instantOf(window.start), until)))).flat()
}

function serviceOf(house: House, inputs: Inputs): FindQuery['service'] {
  const reference = firstOf(inputs, 'healthcare-service')
  return {
    reference: reference && `HealthcareService/${idIn(reference, 'HealthcareService', house.base)}`,
    types: allOf(inputs, 'service-type').flatMap(tokensIn),
  }
}

function countOf(inputs: Inputs): number {
  const asked = firstOf(inputs, '_count')
  return asked ? wholeNumberIn(asked, pageSizeMax) : pageSizeDefault
}

function alternativesOf(inputs: Inputs): number | undefined {
  const asked = firstOf(inputs, 'alternatives')
  const number = asked && wholeNumberIn(asked, jointAlternativesMax)
  if (number === 0) throw fault('value', 'alternatives is 1 or more.', 'alternatives')
  return number
}

export function daysOf(inputs: Inputs): DayCode[] | undefined {
  const days = allOf(inputs, 'day-of-week').flatMap((parameter) => textIn(parameter).split(','))
  if (!days.every(isDayCode)) throw fault('value', `day-of-week is one of ${dayCodes.join(', ')}.`, 'day-of-week')
  return days.length > 0 ? days : undefined
}

export function timeOf(inputs: Inputs, name: string): number | undefined {
  const asked = firstOf(inputs, name)
  if (!asked) return undefined
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)(?::00)?$/.exec(textIn(asked)) ?? []
  if (hours === undefined || Number(hours) * 60 + Number(minutes) > 1440)
    throw fault('value', `${name} is a clinic time such as 09:30.`, name)
  return Number(hours) * 60 + Number(minutes)
}

/** `_cursor` is the last entry of the page before, as the `next` link gave it. */
function positionOf(inputs: Inputs): Position | undefined {
  const asked = firstOf(inputs, '_cursor')
  if (!asked) return undefined
  const [start, schedule, slot] = Buffer.from(textIn(asked), 'base64url').toString('utf8').split(' ')
  if (!start || !/^\d{1,15}$/.test(start) || !schedule || !slot) throw fault('value', 'Follow the `next` link as it was given.', '_cursor')
  return { start: Number(start), schedule, slot }
}

export const cursorOf = ({ start, schedule, slot }: Position): string => Buffer.from(`${start} ${schedule} ${slot}`).toString('base64url')
