/** The extension `recurrenceTemplate` as a client would send it, and what tests read of the visits of a series. */
import type { Body, Extension } from './house.ts'

const r5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment'
export const r5Url = (element: string): string => `${r5}.${element}`

export type Part = { readonly url: string; readonly [value: string]: unknown }

const unit = (code: string): Part => ({
  url: 'recurrenceType',
  valueCodeableConcept: { coding: [{ system: 'http://unitsofmeasure.org', code }] },
})

export const recurrence = (type: 'd' | 'wk' | 'mo' | 'a', ...parts: Part[]): { url: string; extension: Part[] } => ({
  url: r5Url('recurrenceTemplate'),
  extension: [unit(type), ...parts],
})

export const times = (count: number): Part => ({ url: 'occurrenceCount', valuePositiveInt: count })
export const weekly = (count: number, ...parts: Part[]) => recurrence('wk', times(count), ...parts)

type Valued = Extension & { valuePositiveInt?: number; valueBoolean?: boolean }

export const inSeries = (visit: Body, element: string): Valued | undefined =>
  visit.extension?.find(({ url }) => url === r5Url(element)) as Valued | undefined

/** The numbers of the visits in their series. */
export const numbersOf = (visits: readonly Body[]): (number | undefined)[] =>
  visits.map((visit) => inSeries(visit, 'recurrenceId')?.valuePositiveInt)
