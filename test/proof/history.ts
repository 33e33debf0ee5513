/**
 * What a run leaves behind: what each client asked and was answered, and what stands in the end. The checker knows no more
 * than this. All times are Unix milliseconds of one machine's clock; spans are half-open.
 */

export type Span = { readonly from: number; readonly until: number }

/** So much of somebody's time; buffers included. */
export type Claim = Span & {
  readonly resource: string
  /** Of a group: whose seats share the time, and how many there are. */
  readonly session?: string
  readonly seats?: number
  /** Laid over others: it is in the way of nobody but those in one lane with it. */
  readonly lane?: string
}

/** One version of an Appointment, as it was shown or stored. */
export type Version = {
  readonly id: string
  readonly version: number
  /** `meta.lastUpdated` */
  readonly updated: number
  readonly status: string
  readonly start?: number
  readonly end?: number
  /** Bare ids. */
  readonly slots: readonly string[]
  /** Who takes part and has not declined: `Practitioner/1` … */
  readonly actors: readonly string[]
  readonly patients: readonly string[]
  readonly heldUntil?: number
  /** It waits for the clinic's answer, and keeps its time meanwhile. */
  readonly requested?: boolean
  /** The clinic laid it over others. */
  readonly overbooked?: boolean
  /** The Appointment that this one took the place of. */
  readonly replaces?: string
  /** Of a series: the visit that leads it, and this one's number in it. */
  readonly series?: string
  readonly number?: number
  /** The deeds whose mark it carries. */
  readonly marks: readonly number[]
}

/** Refused: answered 4xx. Unknown: no answer, or 5xx; it may have been done or not, but not by half. */
export type Outcome = 'ok' | 'refused' | 'unknown'

export type Reach = 'patient' | 'series'

export type Deed = {
  readonly id: number
  readonly client: string
  readonly kind: string
  readonly server: number
  readonly asked: number
  readonly answered: number
  readonly outcome: Outcome
  readonly status: number
  /** Appointments that it was to change. */
  readonly targets: readonly string[]
  /** It may also change whatever else is of the same patient, or of the same series. */
  readonly reach?: Reach
  /** How many Appointments it was to make, all or none. */
  readonly makes: number
  /** Fewer will do: it asked for those that can be had. */
  readonly orFewer?: boolean
  /** The time that it wanted: any one of these lists, whole. */
  readonly wanted?: readonly (readonly Claim[])[]
  /** Somebody of the clinic says yes or no to a request. */
  readonly answers?: 'accepted' | 'declined'
  /** The patient who asks, and may see and do nothing but what is their own. */
  readonly self?: string
  /** It asked for what is another patient's. */
  readonly pries?: boolean
  /** What a refusal said. */
  readonly said?: string
  /** It asked for an Appointment to be replaced by what it makes. */
  readonly replaces?: string
  /** Sent again under one Idempotency-Key until it was answered. */
  readonly repeated?: boolean
  /** The Appointments in the answer. */
  readonly shown: readonly Version[]
  /** Every patient whom the answer speaks of. */
  readonly patients: readonly string[]
  /** Of a search: what was asked for. */
  readonly search?: Search
}

export type Search =
  /** Every Appointment of a patient, whatever its status; what came back is `shown`. */
  | { readonly of: 'patient'; readonly patient: string }
  /** One Appointment by its id. */
  | { readonly of: 'appointment'; readonly appointment: string }
  /** Slots of a Schedule and a day that can be booked ($find-slots) or are free (search). */
  | { readonly of: 'free' | 'found'; readonly schedule: string; readonly day: number; readonly slots: readonly string[] }

export type Place = {
  readonly id: string
  /** Who is taken up by a visit on this Schedule. */
  readonly claims: readonly string[]
  readonly bufferAfter: number
  /** Of group sessions: how many each has. */
  readonly seats?: number
  /** A booking is a request until the clinic has answered. */
  readonly approves?: boolean
  /** What its rules give; ids by start. */
  readonly slots: readonly { readonly id: string; readonly start: number; readonly end: number }[]
}

export type Ground = {
  readonly schedules: readonly Place[]
  /** Everybody who can be in one place only. */
  readonly claimed: readonly string[]
  /** Patients for whom nobody books but themselves: none of them is in two places at once. */
  readonly selves: readonly string[]
  /** What no log, metric or error may say. */
  readonly secrets: readonly string[]
}

export type Offer = {
  readonly id: string
  readonly status: string
  readonly schedule: string
  readonly start: number
  readonly end: number
  readonly made: number
  /** When its time is kept for nobody any more, unless it was accepted. */
  readonly expires: number
}

export type Aftermath = {
  /** Every version of every Appointment, over FHIR. */
  readonly versions: readonly Version[]
  /** The same in the database. */
  readonly stored: readonly { readonly id: string; readonly version: number; readonly deleted: boolean }[]
  /** Versions of Appointments that the log of changes has no line for. */
  readonly unlogged: readonly string[]
  readonly slots: readonly {
    readonly id: string
    readonly schedule: string
    readonly status: string
    readonly start: number
    readonly end: number
    /** How many seats it says are taken. */
    readonly booked?: number
    readonly overbooked?: boolean
  }[]
  /** Those that had not run out at `read`. */
  readonly claims: readonly (Claim & { readonly holder: string; readonly seat?: number })[]
  readonly read: number
  readonly offers: readonly Offer[]
  readonly audit: readonly { readonly at: number; readonly person: string; readonly patients: readonly string[] }[]
  /** Logs and metrics: who spoke, and what was said. */
  readonly heard: readonly { readonly from: string; readonly text: string }[]
}

export type History = { readonly ground: Ground; readonly deeds: readonly Deed[]; readonly after: Aftermath }

/** A guarantee that was broken, and how it shows. */
export type Broken = {
  /** As docs/proof.md calls it. */
  readonly guarantee: 1 | 2 | 3 | 4 | 5 | 7 | 9 | 'rule' | 'scope'
  readonly what: string
}
