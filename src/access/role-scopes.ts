/**
 * What a person may let an app do in their name, by what they are at the clinic: the most that the scopes of a sign-in can
 * come to. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
 *
 * `system/` scopes are for programs and nobody's. What one patient's data is shown to whom beyond that is Consent's.
 */
import { conformanceTypes, servedTypes } from '../fhir/resource.ts'
import { clearanceScope } from './masking.ts'

export const roles = ['patient', 'proxy', 'proxy-reader', 'front-desk', 'practitioner', 'manager', 'auditor', 'sensitive-visits'] as const
export type Role = (typeof roles)[number]

/** A person of their own record, or somebody who acts for them. */
export const actsForPatients = (role: string): boolean => role === 'patient' || role === 'proxy' || role === 'proxy-reader'

const plain = 'openid fhirUser profile launch launch/patient launch/encounter offline_access online_access'
const closed: readonly string[] = ['AuditEvent', 'Subscription', 'Endpoint', 'Binary', ...conformanceTypes]
const clinical = servedTypes.filter((type) => !closed.includes(type)).map((type) => `user/${type}.cruds`)

const scopesOf: Readonly<Record<Role, string>> = {
  patient: 'patient/*.cruds',
  proxy: 'patient/*.cruds',
  'proxy-reader': 'patient/*.rs',
  'front-desk': `patient/*.cruds ${clinical.join(' ')}`,
  practitioner: `patient/*.cruds ${clinical.join(' ')}`,
  manager: 'patient/*.cruds user/*.cruds',
  auditor: 'user/AuditEvent.rs',
  // Beside another role: what that one shows is then not masked.
  'sensitive-visits': clearanceScope,
}

export const scopesOfRoles = (all: readonly string[]): string =>
  [plain, ...roles.filter((role) => all.includes(role)).map((role) => scopesOf[role])].join(' ')
