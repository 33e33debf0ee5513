/**
 * Whose record somebody may open an app for: a patient their own, a proxy those of whom a RelatedPerson says so and as long as
 * it does, staff whomever they may read. The reading is done by the desks of the FHIR side, with the person's own rights, so
 * that whatever is shown here has its AuditEvent. https://hl7.org/fhir/R4/relatedperson.html
 */
import { actsForPatients } from '../access/role-scopes.ts'
import { type AccountRow, findAccount } from '../store/accounts.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import type { Choice } from './pages/patient-picker.ts'

export type Reader = { readonly client: string; readonly person: string; readonly address?: string }

/** How the pages learn of patients: `http/patient-choices.ts`. */
export type PatientChoices = {
  readonly named: (reader: Reader, name: string) => Promise<Choice[]>
  /** Undefined where there is none that may be read. */
  readonly one: (reader: Reader, id: string, confined: boolean) => Promise<Choice | undefined>
  /** Encounters that the patient is in just now, the latest first. */
  readonly encounters: (reader: Reader, id: string, confined: boolean) => Promise<Choice[]>
}

export const isStaff = ({ roles }: AccountRow): boolean => !roles.every(actsForPatients)

/** Ids; for staff none, since theirs is everybody. */
export async function patientsOf(house: House, { person, acts_for }: AccountRow): Promise<string[]> {
  const own = person.startsWith('Patient/') ? [person.slice('Patient/'.length)] : []
  const references = person.startsWith('RelatedPerson/') ? [person, ...acts_for] : acts_for
  const others = await Promise.all(references.map((reference) => patientBehind(house, reference)))
  return [...new Set([...own, ...others.flatMap((id) => id ?? [])])]
}

/** Whether what somebody opened for a patient may go on: what they are to the patient may have ended since. */
export async function mayStillOpen(house: House, accountId: string, patient: string): Promise<boolean> {
  const account = await findAccount(house.pool, accountId)
  return account !== undefined && (isStaff(account) || (await patientsOf(house, account)).includes(patient))
}

type RelatedPerson = {
  readonly active?: boolean
  readonly patient?: { readonly reference?: string }
  readonly period?: { readonly start?: string; readonly end?: string }
}

async function patientBehind({ pool, clock }: House, reference: string): Promise<string | undefined> {
  const row = await currentResource(pool, 'RelatedPerson', reference.slice('RelatedPerson/'.length))
  if (!row || row.body === null) return undefined
  const { active, patient, period } = (typeof row.body === 'string' ? JSON.parse(row.body) : row.body) as RelatedPerson
  const today = clock.now().toISOString()
  if (active === false || isBefore(today, period?.start) || isAfter(today, period?.end)) return undefined
  return /^Patient\/([A-Za-z0-9.-]{1,64})$/.exec(patient?.reference ?? '')?.[1]
}

/** A period may end with a year, a month or a day, which belong to it to their end. */
const isBefore = (now: string, start: string | undefined): boolean => start !== undefined && now.slice(0, start.length) < start
const isAfter = (now: string, end: string | undefined): boolean => end !== undefined && now.slice(0, end.length) > end
