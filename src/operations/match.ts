/**
 * `Patient/$match`: which of our Patients the one that was sent may be, the surest first, each with a score and a grade.
 * OperationDefinition: fhir-profiles/OperationDefinition-match.json
 * https://hl7.org/fhir/R4/patient-operation-match.html
 * For those who may search all Patients: a token of one patient or a granular scope may not ask who else there is.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { pageSizeDefault, pageSizeMax } from '../base/search-limits.ts'
import { bundle } from '../fhir/bundle.ts'
import { booleanIn, firstOf, inputsOf, wholeNumberIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { parseSearch } from '../fhir/search-query.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import type { House } from '../store/house.ts'
import { compileSearch } from '../store/search/page.ts'
import { runSearch } from '../store/search/run.ts'
import { type Candidate, patientCandidates } from './patient-candidates.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['resource', 'onlyCertainMatches', 'count'])
const gradeUrl = 'http://hl7.org/fhir/StructureDefinition/match-grade'

export async function match(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertMayMatch(actor)
  const inputs = inputsOf(request, known, { type: 'Patient', name: 'resource' })
  assertKnown(inputs, request)
  const resource = firstOf(inputs, 'resource')?.resource
  if (!resource) throw fault('required', 'Send the Patient that is looked for as the parameter resource.', 'resource')
  if (resource.resourceType !== 'Patient') throw fault('value', 'Only a Patient can be matched here.', 'resource')
  assertValid(house.definitions, resource, 'Patient')
  const [certain, count] = [firstOf(inputs, 'onlyCertainMatches'), firstOf(inputs, 'count')]
  const candidates = await patientCandidates(house.pool, house, resource, actor.keptFrom)
  const asked = certain && booleanIn(certain) ? candidates.filter(({ grade }) => grade === 'certain') : candidates
  const shown = asked.slice(0, count ? wholeNumberIn(count, pageSizeMax) : pageSizeDefault)
  const entries = await entriesOf(house, actor, shown)
  return { status: 200, body: bundle('searchset', [{ relation: 'self', url: `${house.base}/Patient/$match` }], entries, asked.length) }
}

function assertMayMatch(actor: Actor): void {
  const permission = may(actor, 's', 'Patient')
  if (permission.allowed && permission.patient === undefined && !permission.queries) return
  throw fault('forbidden', "The token's scopes do not allow matching: it takes one that may search all Patients.")
}

/** The texts come with their audit row, in the order of the candidates. */
async function entriesOf(house: House, actor: Actor, shown: readonly Candidate[]): Promise<string[]> {
  if (shown.length === 0) return []
  const query = parseSearch(house.definitions, 'Patient', [['_id', shown.map(({ id }) => id).join(',')]], house.base)
  const statement = compileSearch(house.definitions, 'Patient', { ...query, count: shown.length }, {}, { patients: true })
  const rows = await runSearch(house.pool, statement, auditOf(house, actor, 'match'), shown.length)
  const bodies = new Map(rows.map(({ id, body }) => [id, body]))
  return shown.flatMap(({ id, grade, score }) => {
    const body = bodies.get(id)
    const search = JSON.stringify({ extension: [{ url: gradeUrl, valueCode: grade }], mode: 'match', score })
    return body === undefined ? [] : [`{"fullUrl":"${house.base}/Patient/${id}","resource":${body},"search":${search}}`]
  })
}
