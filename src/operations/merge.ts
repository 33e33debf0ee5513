/**
 * `Patient/$merge`: two records of one patient become one, and what refers to the one that goes follows.
 * OperationDefinition: fhir-profiles/OperationDefinition-merge.json https://build.fhir.org/patient-operation-merge.html
 * For staff alone. Left out: the asynchronous form, and `result-patient` beside a merge that is done in steps.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { type Merged, mergePatients } from '../booking/merge-patients.ts'
import { undoMerge as undoMergeOfPatients } from '../booking/undo-merge.ts'
import { remakeSlots } from '../booking/write-resource.ts'
import { operationOutcome } from '../fhir/operation-outcome.ts'
import { allOf, booleanIn, firstOf, type Inputs, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import type { House } from '../store/house.ts'
import { idNamedBy } from './named-resources.ts'
import { assertKnown } from './unknown-parameters.ts'

const who = ['source-patient', 'source-patient-identifier', 'target-patient', 'target-patient-identifier']
const known: ReadonlySet<string> = new Set([...who, 'result-patient', 'preview'])
const knownOfUndo: ReadonlySet<string> = new Set(who)

export async function merge(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertMayMerge(actor, 'Patient')
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const pair = await pairIn(house, actor, inputs)
  const preview = firstOf(inputs, 'preview')
  const isPreview = preview !== undefined && booleanIn(preview)
  const merged = await mergePatients(house, {
    ...pair,
    result: resultIn(house, inputs, pair.target),
    preview: isPreview,
    client: actor.client,
    keptFrom: actor.keptFrom,
    audit: () => auditOf(house, actor, 'merge'),
    auditRead: () => auditOf(house, actor, 'read'),
    assertMay: (type) => assertMayMerge(actor, type),
  })
  await remakeSlots(house, merged.schedules)
  const verb = isPreview ? 'would refer' : 'now refer'
  return answer(request, merged, `${countsOf(merged)} ${verb} to Patient/${pair.target} in place of Patient/${pair.source}.`)
}

/** `Patient/$undo-merge`: its definition is fhir-profiles/OperationDefinition-undo-merge.json. */
export async function undoMerge(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  assertMayMerge(actor, 'Patient')
  const inputs = inputsOf(request, knownOfUndo)
  assertKnown(inputs, request)
  const pair = await pairIn(house, actor, inputs)
  const audit = () => auditOf(house, actor, 'undo-merge')
  const undone = await undoMergeOfPatients(house, {
    ...pair,
    client: actor.client,
    keptFrom: actor.keptFrom,
    audit,
    assertMay: (type) => assertMayMerge(actor, type),
  })
  await remakeSlots(house, undone.schedules)
  return answer(request, undone, `${countsOf(undone)} refer to Patient/${pair.source} again.`)
}

/** Everybody's, and whatever it says. */
function assertMayMerge(actor: Actor, type: string): void {
  for (const verb of ['r', 'u'] as const) {
    const permission = may(actor, verb, type)
    if (permission.allowed && permission.patient === undefined && !permission.queries) continue
    throw fault('forbidden', `Merging takes a scope that reads and updates every ${type}.`)
  }
}

async function pairIn(house: House, actor: Actor, inputs: Inputs): Promise<{ source: string; target: string }> {
  const source = await patientIn(house, actor, inputs, 'source-patient')
  const target = await patientIn(house, actor, inputs, 'target-patient')
  if (source === target) throw fault('business-rule', 'The two are one Patient already.', 'source-patient')
  return { source, target }
}

/** By reference, by identifiers, or both: all of them must name the same one. */
async function patientIn(house: House, actor: Actor, inputs: Inputs, name: string): Promise<string> {
  const named = [...allOf(inputs, name), ...allOf(inputs, `${name}-identifier`)]
  const ids = new Set<string>()
  for (const one of named) ids.add(await idNamedBy(house, actor, one, 'Patient'))
  const [id, another] = ids
  if (id === undefined) throw fault('required', `Say which Patient: ${name} or ${name}-identifier.`, name)
  if (another !== undefined) throw fault('business-rule', 'What was sent names different Patients.', name)
  return id
}

function resultIn(house: House, inputs: Inputs, target: string): Resource | undefined {
  const resource = firstOf(inputs, 'result-patient')?.resource
  if (!resource) return undefined
  if (resource.resourceType !== 'Patient' || resource.id !== target)
    throw fault('business-rule', `The result is Patient/${target}, the one that stays: send it with that id.`, 'result-patient')
  assertValid(house.definitions, resource, 'Patient')
  if (resource.active === false) throw fault('business-rule', 'The one that stays is active.', 'result-patient')
  return resource
}

function countsOf({ moved }: Merged): string {
  const counts = [...Map.groupBy(moved, ({ type }) => type)].map(([type, of]) => `${of.length} ${type}`)
  return counts.length === 0 ? 'No resources' : counts.join(', ')
}

/** `input`, `outcome`, `result`, as the operation has it. The result goes out as it is stored. */
function answer({ body }: FhirRequest, { result, warnings }: Merged, said: string): Reply {
  const outcome = operationOutcome([
    { severity: 'information', code: 'informational', diagnostics: said },
    ...warnings.map((diagnostics) => ({ severity: 'warning' as const, code: 'business-rule', diagnostics })),
  ])
  const isSent = (body as Resource | undefined)?.resourceType === 'Parameters'
  const input = isSent ? `{"name":"input","resource":${JSON.stringify(body)}},` : ''
  const parameter = `[${input}{"name":"outcome","resource":${JSON.stringify(outcome)}},{"name":"result","resource":${result}}]`
  return { status: 200, body: `{"resourceType":"Parameters","parameter":${parameter}}` }
}
