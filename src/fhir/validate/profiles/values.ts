/**
 * What a profile may say of a value: fixed[x], pattern[x], maxLength, minValue[x] and maxValue[x].
 * https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_
 * Left out: bounds relative to today (a Quantity as the bound of a date).
 */
import { isDeepStrictEqual } from 'node:util'
import { spanOf } from '../../date-time.ts'
import { isObject } from '../scope.ts'

/** fixed[x]: exactly this, with nothing beside it. */
export const isFixed = (value: unknown, fixed: unknown): boolean => isDeepStrictEqual(value, fixed)

/** pattern[x]: at least this. Each item of a list must be matched by one of the value's. */
export function matchesPattern(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) return Array.isArray(value) && pattern.every((part) => value.some((one) => matchesPattern(one, part)))
  if (isObject(pattern)) return isObject(value) && Object.entries(pattern).every(([key, part]) => matchesPattern(value[key], part))
  return value === pattern
}

/** Whether the value surely lies outside the bound; of two Quantities only where they are in one unit. */
export function isBeyond(value: unknown, bound: unknown, side: 'min' | 'max'): boolean {
  const [a, b] = [comparable(value, side), comparable(bound, side)]
  if (a === undefined || b === undefined || a.unit !== b.unit) return false
  return side === 'min' ? a.size < b.size : a.size > b.size
}

type Comparable = { readonly size: number; readonly unit: string }

function comparable(value: unknown, side: 'min' | 'max'): Comparable | undefined {
  if (typeof value === 'number') return { size: value, unit: '' }
  if (isObject(value) && typeof value.value === 'number')
    return { size: value.value, unit: `${value.system ?? ''}|${value.code ?? value.unit ?? ''}` }
  if (typeof value !== 'string') return undefined
  const time = /^(\d\d):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value)
  if (time) return { size: Number(time[1]) * 3600 + Number(time[2]) * 60 + Number(time[3]), unit: 'time' }
  const span = spanOf(value)
  return span && { size: side === 'min' ? span.lower : span.upper, unit: 'date' }
}
