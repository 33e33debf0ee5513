/**
 * Why a time is not to be had: one thing that stands against it, with a code that stays the same
 * (fhir-profiles/CodeSystem-availability-reason.json) and a sentence. Rules of booking have their own name as code.
 */
export type Reason = {
  readonly code: string
  readonly text: string
  /** The resource that says so, for example `Practitioner/1`. */
  readonly source?: string
  /** For how long it stands against it. Unix milliseconds. */
  readonly start?: number
  readonly end?: number
  /** Whoever has the time, `Appointment/1` or `Slot/1`: for those alone who may see everybody's visits. */
  readonly holder?: string
  /** When a hold runs out. */
  readonly until?: number
  /** `HealthcareService/1`, where it stands against this service alone. */
  readonly service?: string
}

/** Reasons that no rule of booking gives. The CodeSystem has these and the names of the rules. */
export const reasonCodes = [
  'no-opening',
  'outside-hours',
  'not-available',
  'planning-horizon',
  'beyond-slots',
  'off-grid',
  'no-slot',
  'too-short',
  'busy',
  'held',
  'buffer',
  'blocked',
  'day-full',
  'online-day-full',
] as const

export type ReasonCode = (typeof reasonCodes)[number]
