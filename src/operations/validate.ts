/**
 * `$validate`: whether a resource would be stored, and everything that speaks against it or is worth knowing. Always 200
 * with an OperationOutcome. OperationDefinition: fhir-profiles/OperationDefinition-validate.json
 * https://hl7.org/fhir/R4/resource-operation-validate.html
 * Left out: what depends on other resources at the time of writing, such as whether the time of a visit is free.
 */
import type { Actor } from '../access/actor.ts'
import { asBusyTime } from '../access/busy-time.ts'
import { asChannelsShown } from '../access/channel-secrets.ts'
import { isKeptFrom } from '../access/compartment.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { Fault, fault, type Issue } from '../base/fault.ts'
import { aboutTypes } from '../fhir/about-visits.ts'
import { allOk, operationOutcome } from '../fhir/operation-outcome.ts'
import { allOf, firstOf, type Inputs, inputsOf, textIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import { checkProfiles } from '../fhir/validate/profiles/profiles.ts'
import { validate as issuesOf } from '../fhir/validate/validate.ts'
import { checkSchedulingExtensions } from '../scheduling/schedule-plan.ts'
import { knownFor } from '../store/conformance.ts'
import type { House } from '../store/house.ts'
import { hasLiveVisits } from '../store/named-slots.ts'
import { currentResource, readResource } from '../store/resources.ts'
import { readSeen } from '../store/search/read-seen.ts'

const known: ReadonlySet<string> = new Set(['resource', 'mode', 'profile'])
const modes: readonly string[] = ['create', 'update', 'delete', 'profile']

type Question = { readonly type: string; readonly id?: string; readonly mode?: string; readonly profiles: readonly string[] }

export async function validate(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { type = '', id } = request
  const inputs = inputsOf(request, known, bareOf(request.body))
  if (inputs.unknown.length > 0 && request.headers.prefer.handling === 'strict')
    throw fault('malformed', `The parameter ${inputs.unknown[0]?.slice(0, 80)} is not known here.`)
  const mode = modeIn(inputs)
  const resource = firstOf(inputs, 'resource')?.resource
  const question: Question = { type, id, mode, profiles: allOf(inputs, 'profile').map(textIn) }
  if (resource === undefined || mode === 'delete') return answer(await issuesOfStored(house, actor, question))
  assertMayAsk(actor, type)
  return answer([...(await issuesOfSent(house, question, resource)), ...issuesOfIdentity(house, question, resource)])
}

/** Any resource may be sent as it is: that it is of another type is one of the things to say. */
function bareOf(body: unknown): { readonly type: string; readonly name: string } | undefined {
  const type = typeof body === 'object' && body !== null ? (body as Partial<Resource>).resourceType : undefined
  return typeof type === 'string' && type !== 'Parameters' ? { type, name: 'resource' } : undefined
}

function modeIn(inputs: Inputs): string | undefined {
  const given = firstOf(inputs, 'mode')
  const mode = given && textIn(given)
  if (mode !== undefined && !modes.includes(mode)) throw fault('value', `The mode is one of ${modes.join(', ')}.`, 'mode')
  return mode
}

/** Nothing that is stored is shown: whoever may do anything with the type may ask. */
function assertMayAsk(actor: Actor, type: string): void {
  const isAllowed = (['c', 'u', 'r', 's'] as const).some((verb) => may(actor, verb, type).allowed)
  if (!isAllowed) throw fault('forbidden', `The token's scopes do not allow anything for ${type}.`)
}

/** Tells of what is stored, so it takes a scope that reaches the whole of the type. */
function assertWhole(actor: Actor, verb: 'r' | 'd', type: string): void {
  const permission = may(actor, verb, type)
  if (permission.allowed && permission.patient === undefined && !permission.queries) return
  throw fault('forbidden', `To validate what is stored takes a scope that grants "${verb}" on every ${type}.`)
}

function answer(issues: readonly Issue[]): Reply {
  return { status: 200, body: JSON.stringify(issues.length > 0 ? operationOutcome(issues) : allOk('No issues found.')) }
}

/** What the profiles say once more in the base's place and kind is not said again. */
async function issuesOfSent(house: House, { type, profiles }: Question, resource: Resource): Promise<Issue[]> {
  const base = issuesOf(house.definitions, resource, { type })
  if (resource.resourceType !== type) return base
  const profiled = checkProfiles(await knownFor(house.pool, house, resource, profiles), resource, { profiles, notes: true }).issues
  const said = new Set(base.map(({ code, expression }) => `${code} ${expression}`))
  const issues = [...base, ...profiled.filter(({ code, expression }) => !said.has(`${code} ${expression}`))]
  return issues.some(({ severity }) => severity === 'error') ? issues : [...issues, ...issuesOfScheduling(resource)]
}

/** What scheduling could not read is refused on a write as well. */
function issuesOfScheduling(resource: Resource): readonly Issue[] {
  try {
    checkSchedulingExtensions(resource)
    return []
  } catch (error) {
    if (error instanceof Fault) return error.issues
    throw error
  }
}

function issuesOfIdentity({ conformance }: House, { type, id, mode }: Question, resource: Resource): Issue[] {
  const at = `${type}.id`
  const name = id ?? resource.id
  if (mode === 'create' && resource.id !== undefined)
    return [
      {
        severity: 'information',
        code: 'informational',
        diagnostics: 'A create gives an id of its own: this one is not kept.',
        expression: at,
      },
    ]
  if (mode === 'update' && resource.id === undefined)
    return [{ severity: 'error', code: 'required', diagnostics: 'An update needs the id in the body.', expression: at }]
  if (id !== undefined && mode !== 'create' && resource.id !== undefined && resource.id !== id)
    return [{ severity: 'error', code: 'value', diagnostics: 'The id in the body is not the one in the address.', expression: at }]
  return mode !== 'create' && conformance.has(`${type}/${name}`) ? [partOfServer(type, String(name))] : []
}

const partOfServer = (type: string, id: string): Issue => ({
  severity: 'error',
  code: 'forbidden',
  diagnostics: `${type}/${id} is part of this server and cannot be changed.`,
  expression: type,
})

/** Without a resource: the one that is stored, held against profiles, or asked whether it could be deleted. */
async function issuesOfStored(house: House, actor: Actor, question: Question): Promise<readonly Issue[]> {
  const { type, id, mode } = question
  if (id === undefined || (mode !== 'delete' && mode !== 'profile'))
    throw fault('required', 'Send the resource that is to be validated: as the body, or as the parameter "resource".', 'resource')
  assertWhole(actor, mode === 'delete' ? 'd' : 'r', type)
  if (house.conformance.has(`${type}/${id}`) && mode === 'delete') return [partOfServer(type, id)]
  const kept = actor.keptFrom && (await currentResource(house.pool, type, id))?.body
  const isKept = typeof kept === 'string' && isKeptFrom(house.definitions, actor, JSON.parse(kept) as Resource, house.base)
  const named = { type, id: isKept ? '' : id }
  const { masking } = actor
  const audit = auditOf(house, actor, 'read')
  const read = () =>
    masking && aboutTypes.has(type)
      ? readSeen(house.pool, { ...named, bounds: { masking } }, audit)
      : readResource(house.pool, named.type, named.id, audit)
  const body = house.conformance.get(`${type}/${id}`) ?? (await read())?.body
  if (typeof body !== 'string')
    return [{ severity: 'error', code: 'not-found', diagnostics: `There is no ${type}/${id}.`, expression: type }]
  // A profile of the caller's own can ask what is in it: they are told of what they are shown.
  if (mode === 'profile') {
    const shown = asChannelsShown(house.secrets, actor, asBusyTime(actor, body, house.base))
    return issuesOfSent(house, question, JSON.parse(shown) as Resource)
  }
  if (type !== 'Schedule' || !(await hasLiveVisits(house.pool, id, house.clock.now().toISOString()))) return []
  return [{ severity: 'error', code: 'conflict', diagnostics: 'The Schedule has visits that are still to come.', expression: type }]
}
