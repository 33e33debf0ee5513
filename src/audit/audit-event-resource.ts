/**
 * An audit row as a FHIR AuditEvent in the shape of IHE Basic Audit Log Patterns: who asked through which program, which
 * server answered, whose data, which resource, and the query as it was asked.
 * https://profiles.ihe.net/ITI/BALP/content.html https://hl7.org/fhir/R4/auditevent.html
 *
 * An event is about one patient, as BALP wants it: an answer that shows several leaves one for each.
 */
import type { AuditFound } from '../store/audit-search.ts'
import { isSecurityEvent, securityEventResource } from './security-event-resource.ts'

export const restful = 'http://hl7.org/fhir/restful-interaction'
const eventTypes = 'http://terminology.hl7.org/CodeSystem/audit-event-type'
const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const participation = 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType'
const participants = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'
const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Patient'
export const reasons = 'http://terminology.hl7.org/CodeSystem/v3-ActReason'
export const ownSubtypes = 'https://slotwise.org/fhir/CodeSystem/audit-event'

type Coding = { readonly system: string; readonly code: string; readonly display?: string }

const coding = (system: string, code: string, display?: string): Coding => ({ system, code, ...(display ? { display } : {}) })

/** What has a name in FHIR itself. */
export const restfulInteractions: ReadonlySet<string> = new Set([
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'history-system',
  'create',
  'search-type',
  'search-system',
])

/** IHE Scheduling 3.2: finding, holding and booking are events of creation with the name of the transaction beside. */
export const transactions: Readonly<Record<string, Coding>> = {
  find: coding('urn:ihe:event-type-code', 'ITI-115', 'Find Potential Appointments'),
  hold: coding('urn:ihe:event-type-code', 'ITI-116', 'Hold Appointment'),
  book: coding('urn:ihe:event-type-code', 'ITI-117', 'Book Appointment'),
}

export const emergencyStarted = coding(dicom, '110127', 'Emergency Override Started')

function subtypes(interaction: string): Coding[] {
  if (restfulInteractions.has(interaction)) return [coding(restful, interaction, interaction)]
  const transaction = transactions[interaction]
  const named = coding(ownSubtypes, interaction, interaction)
  if (interaction === 'break-glass') return [named, emergencyStarted]
  return transaction ? [named, coding(restful, 'create', 'create'), transaction] : [named, coding(restful, 'operation', 'operation')]
}

/** The pattern of each interaction that has one. */
export const balpPatterns: Readonly<Record<string, string>> = {
  read: 'Read',
  vread: 'Read',
  'search-type': 'Query',
  'search-system': 'Query',
  create: 'Create',
  find: 'Create',
  hold: 'Create',
  book: 'Create',
  update: 'Update',
  delete: 'Delete',
}

/** Only an event that has all that the pattern asks for claims it: a patient, an address, and the query or the resource. */
function profileOf({ interaction, patient, address, query, entity, outcome, action }: AuditFound): string[] {
  const pattern = balpPatterns[interaction]
  if (!pattern || patient === null || !address || outcome !== '0') return []
  if (pattern === 'Create' && action !== 'C') return []
  return (pattern === 'Query' ? query : entity) ? [balpProfile(pattern)] : []
}

export const balpProfile = (pattern: string): string => `${balp}${pattern}`

/** Who sends and who gets the data: a reader is the destination; one who asks or writes is the source. */
function roles(action: string): { client: Coding; server: Coding; user: Coding } {
  const source = coding(dicom, '110153', 'Source Role ID')
  const destination = coding(dicom, '110152', 'Destination Role ID')
  if (action === 'R') return { client: destination, server: source, user: coding(participation, 'IRCP', 'information recipient') }
  if (action === 'E') return { client: source, server: destination, user: coding(participation, 'IRCP', 'information recipient') }
  const user = coding(participation, 'AUT', 'author (originator)')
  if (action === 'D')
    return { client: coding(dicom, '110150', 'Application'), server: coding(participants, 'custodian', 'Custodian'), user }
  return { client: source, server: destination, user }
}

const ipAddress = '2'
const uri = '5'

function agents({ action, person, client, address, purpose }: AuditFound, base: string): unknown[] {
  const role = roles(action)
  const type = (one: Coding) => ({ coding: [one] })
  const what = purpose === null ? {} : { purposeOfUse: [type(coding(reasons, purpose))] }
  return [
    ...(person ? [{ type: type(role.user), who: { reference: person }, requestor: true, ...what }] : []),
    {
      type: type(role.client),
      who: { identifier: { value: client } },
      requestor: !person,
      ...(person ? {} : what),
      ...(address ? { network: { address, type: ipAddress } } : {}),
    },
    { type: type(role.server), who: serverOf(base), requestor: false, network: { address: base, type: uri } },
  ]
}

export const serverName = 'Slotwise'
const serverOf = (base: string) => ({ identifier: { value: base }, display: serverName })

const entityType = (code: string, display: string) => coding('http://terminology.hl7.org/CodeSystem/audit-entity-type', code, display)
const role = (code: string, display: string) => coding('http://terminology.hl7.org/CodeSystem/object-role', code, display)
const systemObject = entityType('2', 'System Object')

/** The kinds of entity that an event may have: whose data, which resource, and what was asked. */
export const entityCodes = {
  patient: { type: entityType('1', 'Person'), role: role('1', 'Patient') },
  entity: { type: systemObject, role: role('4', 'Domain Resource') },
  query: { type: systemObject, role: role('24', 'Query') },
} as const

function entities({ patient, entity, query }: AuditFound): unknown[] {
  return [
    ...(patient === null ? [] : [{ what: { reference: `Patient/${patient}` }, ...entityCodes.patient }]),
    // A Patient that is read is both: whose data, and what was read.
    ...(entity ? [{ what: { reference: entity }, ...entityCodes.entity }] : []),
    ...(query ? [{ ...entityCodes.query, query: Buffer.from(query).toString('base64') }] : []),
  ]
}

/** What is no security event's. */
export const typeOfRest = coding(eventTypes, 'rest', 'RESTful Operation')

export function auditEventResource(row: AuditFound, base: string): unknown {
  if (isSecurityEvent(row)) return securityEventResource(row, serverOf(base), base)
  const profile = profileOf(row)
  const recorded = row.at.toISOString()
  return {
    resourceType: 'AuditEvent',
    id: row.id,
    meta: { versionId: '1', lastUpdated: recorded, ...(profile.length > 0 ? { profile } : {}) },
    type: typeOfRest,
    subtype: subtypes(row.interaction),
    action: row.action,
    recorded,
    outcome: row.outcome,
    ...(row.reason === null ? {} : { purposeOfEvent: [{ text: row.reason }] }),
    agent: agents(row, base),
    source: { observer: serverOf(base) },
    entity: entities(row),
  }
}
