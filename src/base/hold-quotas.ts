/**
 * How many times may be held at once, as an operator sets it, so that nobody keeps a clinic's times from others by holding
 * them all. 0 is no limit. OWASP API6:2023
 * https://owasp.org/API-Security/editions/2023/en/0xa6-unrestricted-access-to-sensitive-business-flows/
 */

export type HoldQuotas = {
  /** Of one patient, whoever acts for them; the front desk may hold more for them. */
  readonly perPatient: number
  /** Of one person who asks for themselves or for those they act for, of however many patients. */
  readonly perPerson: number
  /** Of one client. A portal holds for all of its patients, so there is no limit unless one is set. */
  readonly perClient: number
}

export const holdQuotasDefault: HoldQuotas = { perPatient: 10, perPerson: 20, perClient: 0 }
