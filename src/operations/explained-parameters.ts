/**
 * What `$explain-availability` found, as Parameters: one part `time` for each time, with its verdict and its reasons.
 * https://hl7.org/fhir/R4/parameters.html
 */
import type { ExplainedSchedule } from '../booking/explain-time.ts'
import { instantOf, type Resource } from '../fhir/resource.ts'
import type { ExplainedTime } from '../scheduling/explain/explain-times.ts'
import type { Reason } from '../scheduling/explain/reason.ts'
import { localText, ruleInWords } from '../scheduling/rule-in-words.ts'

const reasonSystem = 'https://slotwise.org/fhir/CodeSystem/availability-reason'

export type Part = { readonly name: string; readonly part?: readonly Part[]; readonly [value: string]: unknown }

const reference = (name: string, to: string): Part => ({ name, valueReference: { reference: to } })
const instant = (name: string, at: number | undefined): Part[] => (at === undefined ? [] : [{ name, valueInstant: instantOf(at) }])
const text = (name: string, valueString: string): Part => ({ name, valueString })

export function explainedParameters(
  { plan, times }: ExplainedSchedule,
  { holders, unknown }: { readonly holders: boolean; readonly unknown: readonly string[] },
): Resource {
  const ignored = unknown.map((name) => text('ignored', name.slice(0, 80)))
  return {
    resourceType: 'Parameters',
    parameter: [
      reference('schedule', `Schedule/${plan.schedule}`),
      { name: 'time-zone', valueCode: plan.zone },
      ...times.map((time) => ({ name: 'time', part: timeParts(time, plan.zone, holders) })),
      ...ignored,
    ],
  }
}

function timeParts(
  { start, end, offered, bookable, slot, service, openedBy, reasons }: ExplainedTime,
  zone: string,
  holders: boolean,
): Part[] {
  return [
    ...instant('start', start),
    ...instant('end', end),
    text('local', localText(zone, start)),
    { name: 'offered', valueBoolean: offered },
    { name: 'bookable', valueBoolean: bookable },
    ...(slot === undefined ? [] : [reference('slot', `Slot/${slot}`)]),
    ...(service === undefined ? [] : [reference('healthcare-service', service)]),
    ...(openedBy ? [{ name: 'rule', part: [text('text', ruleInWords(openedBy)), ...sourceOf(openedBy.source)] }] : []),
    ...reasons.map((reason) => ({ name: 'reason', part: reasonParts(reason, holders) })),
  ]
}

const sourceOf = (source: string | undefined): Part[] => (source === undefined ? [] : [reference('source', source)])

export function reasonParts({ code, text: sentence, source, start, end, holder, until, service }: Reason, holders: boolean): Part[] {
  return [
    { name: 'code', valueCoding: { system: reasonSystem, code } },
    text('text', sentence),
    ...sourceOf(source),
    ...instant('start', start),
    ...instant('end', end),
    ...instant('until', until),
    ...(holders && holder !== undefined ? [reference('holder', holder)] : []),
    ...(service === undefined ? [] : [reference('healthcare-service', service)]),
  ]
}
