/**
 * Our extensions as the demo clinic writes them; `fhir-profiles/` defines them.
 */

export type Extension = { url: string; extension?: Extension[]; [value: `value${string}`]: unknown }

const ours = (id: string, extension: Extension[]): Extension => ({
  url: `https://slotwise.org/fhir/StructureDefinition/${id}`,
  extension,
})

export const timezone = (zone: string): Extension => ({ url: 'http://hl7.org/fhir/StructureDefinition/timezone', valueCode: zone })

/** Local dates, both included, or instants. */
export const notAvailable = (start: string, end: string, description: string): Extension =>
  ours('not-available', [
    { url: 'during', valuePeriod: { start, end } },
    { url: 'description', valueString: description },
  ])

export const bookingPolicy = (fields: Readonly<Record<string, number | boolean>>): Extension =>
  ours(
    'booking-policy',
    Object.entries(fields).map(([url, value]) =>
      typeof value === 'boolean' ? { url, valueBoolean: value } : { url, valueUnsignedInt: value },
    ),
  )

/** One row of a week: `{ days: 'mon wed', from: '09:00', to: '12:00' }`. */
export type Hours = {
  readonly days: string
  readonly from: string
  readonly to: string
  readonly slotMinutes?: number
  readonly weekInterval?: number
  readonly period?: { readonly start?: string; readonly end?: string }
}

export const availability = (hours: Hours): Extension =>
  ours('availability', [
    ...hours.days.split(' ').map((day): Extension => ({ url: 'daysOfWeek', valueCode: day })),
    { url: 'startTime', valueTime: `${hours.from}:00` },
    { url: 'endTime', valueTime: `${hours.to}:00` },
    ...(hours.period ? [{ url: 'period', valuePeriod: hours.period }] : []),
    ...(hours.weekInterval ? [{ url: 'weekInterval', valuePositiveInt: hours.weekInterval }] : []),
    ...(hours.slotMinutes ? [{ url: 'slotMinutes', valuePositiveInt: hours.slotMinutes }] : []),
  ])
