/**
 * A row of nobody's data as an AuditEvent: signing in and out (DICOM's User Authentication), a token given (IHE IUA ITI-71), a
 * request refused, an account, a program or a key changed (Security Alert), a backup taken (Export) or put in (Import).
 * http://dicom.nema.org/medical/dicom/current/output/html/part15.html#sect_A.5.3
 *
 * BALP 1.1 has no profile of these, so none is claimed.
 */
import type { AuditFound } from '../store/audit-search.ts'

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'
const own = 'https://slotwise.org/fhir/CodeSystem/audit-event'

type Coding = { readonly system: string; readonly code: string; readonly display: string }

const coding = (system: string, code: string, display: string): Coding => ({ system, code, display })

const authentication = coding(dicom, '110114', 'User Authentication')
export const securityTypes: Readonly<Record<string, Coding>> = {
  'sign-in': authentication,
  'sign-out': authentication,
  token: authentication,
  refused: coding(dicom, '110113', 'Security Alert'),
  'account-change': coding(dicom, '110113', 'Security Alert'),
  'client-change': coding(dicom, '110113', 'Security Alert'),
  'key-change': coding(dicom, '110113', 'Security Alert'),
  backup: coding(dicom, '110106', 'Export'),
  restore: coding(dicom, '110107', 'Import'),
}

/** The code of another system beside ours, where there is one. */
export const securitySubtypes: Readonly<Record<string, Coding>> = {
  'sign-in': coding(dicom, '110122', 'Login'),
  'sign-out': coding(dicom, '110123', 'Logout'),
  'account-change': coding(dicom, '110137', 'User Security Attributes Changed'),
  'client-change': coding(dicom, '110132', 'Security Configuration'),
  'key-change': coding(dicom, '110132', 'Security Configuration'),
  token: coding('urn:ihe:event-type-code', 'ITI-71', 'Get Access Token'),
}

export const securityInteractions: readonly string[] = Object.keys(securityTypes)

export const isSecurityEvent = ({ interaction }: AuditFound): boolean => Object.hasOwn(securityTypes, interaction)

export function securityEventResource(row: AuditFound, server: unknown, base: string): unknown {
  const recorded = row.at.toISOString()
  const { interaction, outcome, reason, times, entity } = row
  const theirs = securitySubtypes[interaction]
  return {
    resourceType: 'AuditEvent',
    id: row.id,
    meta: { versionId: '1', lastUpdated: recorded },
    type: securityTypes[interaction],
    subtype: [coding(own, interaction, interaction), ...(theirs ? [theirs] : [])],
    action: row.action,
    recorded,
    outcome,
    ...(reason === null ? {} : { outcomeDesc: reason }),
    agent: agents(row, server, base),
    source: { observer: server },
    ...(times === null && !entity ? {} : { entity: [...(entity ? [about(entity)] : []), ...(times === null ? [] : [counted(times)])] }),
  }
}

function agents({ person, client, address }: AuditFound, server: unknown, base: string): unknown[] {
  const type = (one: Coding) => ({ coding: [one] })
  return [
    ...(person ? [{ who: { reference: person }, requestor: true }] : []),
    {
      type: type(coding(dicom, '110150', 'Application')),
      who: { identifier: { value: client } },
      requestor: !person,
      ...(address ? { network: { address, type: '2' } } : {}),
    },
    { type: type(coding(dicom, '110152', 'Destination Role ID')), who: server, requestor: false, network: { address: base, type: '5' } },
  ]
}

export const securityEntityType = coding('http://terminology.hl7.org/CodeSystem/audit-entity-type', '4', 'Other')
export const refusedRequests = 'refused requests'

const about = (reference: string) => ({ what: { reference }, type: securityEntityType })

const counted = (times: number) => ({
  type: securityEntityType,
  name: refusedRequests,
  detail: [{ type: 'times', valueString: String(times) }],
})
