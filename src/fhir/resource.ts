/**
 * The shape that every FHIR resource shares, and the types this server stores.
 * https://hl7.org/fhir/R4/resource.html
 */

export type Resource = {
  resourceType: string
  id?: string
  meta?: { versionId?: string; lastUpdated?: string; profile?: string[]; [element: string]: unknown }
  [element: string]: unknown
}

/** Read, write and search (docs/rest.md). Adding one is a line here and a generated migration. */
export const writableTypes = [
  'Schedule',
  'Slot',
  'Appointment',
  'AppointmentResponse',
  'Patient',
  'RelatedPerson',
  'Person',
  'Practitioner',
  'PractitionerRole',
  'Location',
  'HealthcareService',
  'Organization',
  'Device',
  'Coverage',
  'ServiceRequest',
  'Communication',
  'Consent',
  'Subscription',
  'Endpoint',
  'Encounter',
  'Questionnaire',
  'QuestionnaireResponse',
  'Task',
  'Provenance',
  'Binary',
  'Group',
] as const

/** Ours are served from `fhir-profiles/` read-only; administrators may add their own. */
export const conformanceTypes = ['StructureDefinition', 'SearchParameter', 'ValueSet', 'CodeSystem', 'OperationDefinition'] as const

/** Written by the server alone. */
export const readOnlyTypes = ['AuditEvent'] as const

/** AuditEvents are kept in columns of their own, which answer by these: all of R4's, and R5's `purpose`. */
export const auditParameters = [
  '_id',
  '_lastUpdated',
  '_profile',
  '_security',
  '_source',
  '_tag',
  'date',
  'patient',
  'entity',
  'action',
  'outcome',
  'subtype',
  'agent',
  'purpose',
  'address',
  'agent-name',
  'agent-role',
  'altid',
  'entity-name',
  'entity-role',
  'entity-type',
  'policy',
  'site',
  'source',
  'type',
] as const

export const storedTypes: readonly string[] = [...writableTypes, ...conformanceTypes]
export const servedTypes: readonly string[] = [...storedTypes, ...readOnlyTypes]

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const idPattern = /^[A-Za-z0-9\-.]{1,64}$/

/** The text of an instant as we write it: UTC, milliseconds. */
export const instantOf = (ms: number): string => new Date(ms).toISOString()
