/**
 * What `$find-slots` and `$find` are asked, read from either's parameters and narrowed down to Schedules.
 * CONTRACT §4; names of the dialects in `fhir/parameters.ts`.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import type { Interval } from '../base/interval.ts'
import {
  findSchedulesMax,
  findWindowDaysDefault,
  findWindowDaysMax,
  pageSizeDefault,
  pageSizeMax,
  visitMinutesMax,
} from '../base/limits.ts'
import type { FindQuery, Position } from '../booking/find-query.ts'
import {
  allOf,
  firstOf,
  type Inputs,
  idIn,
  inputsOf,
  instantIn,
  nameIn,
  type Parameter,
  textIn,
  tokensIn,
  wholeNumberIn,
} from '../fhir/parameters.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { instantOf } from '../fhir/resource.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { DayCode } from '../scheduling/availability-rules.ts'
import type { House } from '../store/house.ts'
import { schedulesMatching } from '../store/plans.ts'
import { compileSearch } from '../store/search/page.ts'
import { runSearch } from '../store/search/run.ts'
import { patientTime } from '../store/visit-context.ts'
import { assertKnown } from './unknown-parameters.ts'

const dayMs = 86_400_000

const known: ReadonlySet<string> = new Set([
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
  'patient',
  'duration',
  'day-of-week',
  'time-from',
  'time-to',
  'near',
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
}

/** Throws: value, too-costly, and `malformed` for an unknown parameter under `Prefer: handling=strict`. */
export async function criteriaOf(house: House, actor: Actor, request: FhirRequest, online: boolean): Promise<Criteria> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const window = windowOf(house, inputs)
  const service = serviceOf(house, inputs)
  const schedules = await schedulesOf(house, inputs, request)
  const busy = await busyTime(house, actor, inputs, window)
  return {
    window,
    includes: allOf(inputs, '_include').map(textIn),
    unknown: inputs.unknown,
    query: {
      schedules,
      from: Math.max(window.start, house.clock.now().getTime()),
      until: window.end,
      count: countOf(inputs),
      service,
      minutes: minutesOf(inputs),
      days: daysOf(inputs),
      timeFrom: timeOf(inputs, 'time-from'),
      timeTo: timeOf(inputs, 'time-to'),
      online: online || actor.patient !== undefined,
      busy,
      after: positionOf(inputs),
    },
  }
}

function windowOf(house: House, inputs: Inputs): { start: number; end: number } {
  const [from, to] = [firstOf(inputs, 'start'), firstOf(inputs, 'end')]
  const start = from ? instantIn(from) : house.clock.now().getTime()
  const end = to ? instantIn(to) : start + findWindowDaysDefault * dayMs
  if (end <= start) throw fault('value', 'The end of the window must be after its start.', 'end')
  if (end - start > findWindowDaysMax * dayMs) throw fault('too-costly', `Ask for at most ${findWindowDaysMax} days at once.`, 'end')
  return { start, end }
}

/** When the patient is busy, as far as the caller may know: their own visits are not offered a second time. */
async function busyTime(
  house: House,
  actor: Actor,
  inputs: Inputs,
  window: { start: number; end: number },
): Promise<Interval[] | undefined> {
  const asked = firstOf(inputs, 'patient')
  const patient = asked ? idIn(asked, 'Patient', house.base) : actor.patient
  const permission = may(actor, 's', 'Appointment')
  if (patient === undefined || !permission.allowed || permission.queries) return undefined
  if (permission.patient !== undefined && permission.patient !== patient) return undefined
  return patientTime(house.pool, patient, instantOf(window.start), instantOf(window.end + visitMinutesMax * 60_000))
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

function minutesOf(inputs: Inputs): number | undefined {
  const asked = firstOf(inputs, 'duration')
  const minutes = asked && wholeNumberIn(asked, visitMinutesMax + 1)
  if (minutes === undefined) return undefined
  if (minutes < 1 || minutes > visitMinutesMax) throw fault('value', `A visit lasts 1 to ${visitMinutesMax} minutes.`, 'duration')
  return minutes
}

const dayCodes = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

function daysOf(inputs: Inputs): DayCode[] | undefined {
  const days = allOf(inputs, 'day-of-week').flatMap((parameter) => textIn(parameter).split(','))
  const wrong = days.find((day) => !dayCodes.includes(day))
  if (wrong !== undefined) throw fault('value', `day-of-week is one of ${dayCodes.join(', ')}.`, 'day-of-week')
  return days.length > 0 ? (days as DayCode[]) : undefined
}

function timeOf(inputs: Inputs, name: string): number | undefined {
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

/** Parameters that name an actor, with the type each refers to. */
const actorTypes: Readonly<Record<string, string>> = {
  practitioner: 'Practitioner',
  'practitioner-role': 'PractitionerRole',
  location: 'Location',
  organization: 'Organization',
  'healthcare-service': 'HealthcareService',
}

/** Inside a parameter any value will do, between parameters all must hold. */
async function schedulesOf(house: House, inputs: Inputs, request: FhirRequest): Promise<string[]> {
  const named = new Set(allOf(inputs, 'schedule').flatMap((parameter) => idsIn(house, parameter, 'Schedule')))
  if (request.type === 'Schedule' && request.id) named.add(request.id)
  if (named.size > findSchedulesMax) throw fault('too-costly', `Name at most ${findSchedulesMax} Schedules at once.`, 'schedule')
  const groups: string[][] = []
  for (const [name, type] of Object.entries(actorTypes)) {
    const values = allOf(inputs, name)
    if (values.length > 0)
      groups.push((await Promise.all(values.map((value) => actorIds(house, value, type)))).flat().map((id) => `${name}=${type}/${id}`))
  }
  for (const name of ['service-type', 'specialty', 'gender', 'language']) {
    const tokens = allOf(inputs, name).flatMap(tokensIn)
    if (tokens.length > 0)
      groups.push(tokens.map(({ system, code }) => `${name}=${system === undefined || name === 'gender' ? code : `${system}|${code}`}`))
  }
  const places = await placesOf(house, inputs)
  if (places) groups.push(places.map((id) => `location=Location/${id}`))
  // A Schedule named outright needs no look; whether it is there, its plan says.
  if (named.size > 0 && groups.length === 0) return [...named]
  if (named.size > 0) groups.push([...named].map((id) => `schedule=${id}`))
  const schedules = await schedulesMatching(house.pool, groups, findSchedulesMax + 1)
  if (schedules.length <= findSchedulesMax) return schedules
  throw fault('too-costly', `More than ${findSchedulesMax} Schedules match: narrow it by practitioner, location, service or specialty.`)
}

/** Of several with commas between them any will do. */
const idsIn = (house: House, parameter: Parameter, type: string): string[] =>
  nameIn(parameter)
    .split(',')
    .map((name) => idIn({ name: parameter.name, value: name }, type, house.base))

/** By reference, or by a business identifier (`{"identifier": {"system", "value"}}`) as IHE sends it. */
async function actorIds(house: House, parameter: Parameter, type: string): Promise<string[]> {
  const identifier = (parameter.value as { identifier?: { system?: string; value?: string } } | undefined)?.identifier
  if (!identifier?.value) return idsIn(house, parameter, type)
  return idsBySearch(house, type, [['identifier', `${identifier.system ?? ''}${identifier.system ? '|' : ''}${identifier.value}`]])
}

/** Locations near a position, or with the text in their name or address. */
async function placesOf(house: House, inputs: Inputs): Promise<string[] | undefined> {
  const [near, text] = [firstOf(inputs, 'near'), firstOf(inputs, 'location-string')]
  if (near) return idsBySearch(house, 'Location', [['near', textIn(near)]])
  if (!text) return undefined
  const [byAddress, byName] = await Promise.all(['address', 'name'].map((name) => idsBySearch(house, 'Location', [[name, textIn(text)]])))
  return [...new Set([...(byAddress ?? []), ...(byName ?? [])])]
}

async function idsBySearch(house: House, type: string, pairs: readonly (readonly [string, string])[]): Promise<string[]> {
  const query = parseSearch(house.definitions, type, pairs, house.base)
  const rows = await runSearch(house.pool, compileSearch(house.definitions, type, { ...query, count: findSchedulesMax }), undefined)
  return rows.map((row) => row.id)
}
