/**
 * IHE calls (`appointment-*` names) are refused with the status of any refusal and a Bundle holding only the
 * OperationOutcome; everybody else gets the OperationOutcome itself.
 */
import { Fault, type FaultKind, type Issue } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'

const goneKinds: ReadonlySet<FaultKind> = new Set(['conflict', 'expired', 'gone', 'business-rule'])
const notThere: Issue = { severity: 'fatal', code: 'not-found', diagnostics: 'This time is not there to be held.' }

/** `unavailable`: ITI-116 wants a `not-found` beside whatever else is said of a time that cannot be held. */
export async function inDialect(request: FhirRequest, work: () => Promise<Reply>, unavailable: boolean): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault) || !isIhe(request)) throw error
    const issues = error.issues.map((issue): Issue => (issue.severity === 'error' ? { ...issue, severity: 'fatal' } : issue))
    const beside = unavailable && goneKinds.has(error.kind) ? [notThere] : []
    throw new Fault(error.kind, [...issues, ...beside], error.nextTimes, true, error.waitSeconds)
  }
}

function isIhe({ body }: FhirRequest): boolean {
  const list = (body as { parameter?: { name?: unknown }[] } | undefined)?.parameter
  return Array.isArray(list) && list.some((parameter) => typeof parameter?.name === 'string' && parameter.name.startsWith('appointment-'))
}
