/**
 * A profile's bindings: required ones refuse, extensible ones warn, the others bind nobody.
 * https://hl7.org/fhir/R4/terminologies.html#strength
 * A CodeableConcept is in a ValueSet where one of its codings is. Left out: displays.
 */
import { listedCodesMax } from '../../../base/limits.ts'
import { isTimeZone } from '../../../base/time-zones.ts'
import type { Asking } from '../asked-in-rules.ts'
import { isObject } from '../scope.ts'
import type { Item } from './items.ts'
import { urlOf } from './known.ts'
import { note, type Run, refuse, remark } from './run.ts'
import { timeZoneSets } from './time-zones.ts'
import { type Codes, type Coding, codesOf, isIn } from './value-sets.ts'

type Binding = { readonly strength: string; readonly valueSet: string }

export function checkCoded(run: Run, { strength, valueSet }: Binding, item: Item): void {
  if ((strength !== 'required' && strength !== 'extensible') || item.value === undefined) return
  const codings = codingsIn(item)
  if (codings === undefined) return
  const isMember = membership(run, valueSet, item.kind === 'primitive')
  if (isMember === undefined) note(run, 'information', 'informational', `${valueSet} is not here: its codes were not checked.`, item.path)
  else if (codings.length === 0)
    say(run, strength, `A code of ${valueSet} is ${strength === 'required' ? 'required' : 'to be given where one fits'}.`, item)
  else judge(run, { strength, valueSet }, codings, isMember, item)
}

type Member = (coding: Coding) => boolean | undefined

function judge(run: Run, { strength, valueSet }: Binding, codings: readonly Coding[], isMember: Member, item: Item): void {
  const results = codings.map(isMember)
  if (results.includes(true)) return
  if (results.includes(undefined))
    note(run, 'information', 'informational', `${valueSet} draws on code systems that are not here: its codes were not checked.`, item.path)
  else say(run, strength, `${describe(codings)} is not one of the codes of ${valueSet}${listed(codesOf(run.known, valueSet))}.`, item)
}

function say(run: Run, strength: string, diagnostics: string, { path }: Item): void {
  if (strength === 'required') refuse(run, 'code-invalid', diagnostics, path)
  else remark(run, 'warning', 'code-invalid', diagnostics, path)
}

/** How a ValueSet answers; undefined where it is not here at all. */
export function membership(run: Run, valueSet: string, isBare: boolean): Member | undefined {
  if (timeZoneSets.has(urlOf(valueSet))) return ({ code }) => isTimeZone(code)
  const codes = codesOf(run.known, valueSet)
  return codes && ((coding) => isIn(codes, coding, isBare))
}

/** For FHIRPath's `memberOf()`, which is not told the type of what it is asked of. */
export const memberOf =
  (run: Run): Asking['memberOf'] =>
  (value, valueSet) => {
    const isBare = typeof value === 'string'
    const isMember = membership(run, valueSet, isBare)
    const codings = codingsIn({ type: isObject(value) && 'coding' in value ? 'CodeableConcept' : 'Coding', value })
    if (!isMember || !codings) return undefined
    const results = codings.map(isMember)
    return results.includes(true) ? true : results.includes(undefined) ? undefined : false
  }

/** The codes of a code, Coding, CodeableConcept or Quantity; undefined for what has none to bind. */
export function codingsIn({ type, value }: Pick<Item, 'type' | 'value'>): Coding[] | undefined {
  if (typeof value === 'string') return [{ code: value }]
  if (!isObject(value)) return undefined
  const codings: readonly unknown[] = type === 'CodeableConcept' ? (Array.isArray(value.coding) ? value.coding : []) : [value]
  return codings
    .filter(isObject)
    .flatMap(({ system, code }) => (typeof code === 'string' ? [{ system: typeof system === 'string' ? system : undefined, code }] : []))
}

const describe = ([first]: readonly Coding[]): string =>
  `'${first?.code.slice(0, 64)}'${first?.system ? ` of ${first.system.slice(0, 200)}` : ''}`

function listed(codes: Codes | undefined): string {
  if (!codes || codes.words.size > listedCodesMax) return ''
  return `: ${[...codes.words].map((word) => word.slice(word.indexOf('|') + 1)).join(', ')}`
}
