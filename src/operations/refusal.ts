/**
 * IHE calls (`appointment-*` names) are refused with the status of CONTRACT §4 and a Bundle holding only the
 * OperationOutcome; everybody else gets the OperationOutcome itself.
 */
import { Fault } from '../base/fault.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'

export async function inDialect(request: FhirRequest, work: () => Promise<Reply>): Promise<Reply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Fault) || !isIhe(request)) throw error
    throw new Fault(
      error.kind,
      error.issues.map((issue) => (issue.severity === 'error' ? { ...issue, severity: 'fatal' } : issue)),
      error.nextTimes,
      true,
    )
  }
}

function isIhe({ body }: FhirRequest): boolean {
  const list = (body as { parameter?: { name?: unknown }[] } | undefined)?.parameter
  return Array.isArray(list) && list.some((parameter) => typeof parameter?.name === 'string' && parameter.name.startsWith('appointment-'))
}
