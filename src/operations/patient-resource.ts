/**
 * `patient-resource` in `$hold` and `$book`: a patient who is sent whole because nobody knows their id. A certain match is
 * used; where nobody is possible the Patient is created, in the transaction of the booking; else it is a conflict, and staff
 * are told who it may be. docs/operations.md and docs/matching.md
 * Under a patient scope it can only be the token's own patient, and of others nothing is said.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { Fault, fault, type Issue } from '../base/fault.ts'
import type { NewPatient } from '../booking/new-visit.ts'
import { writeResource } from '../booking/write-resource.ts'
import { indexValues } from '../fhir/index-values.ts'
import { allOf, type Inputs } from '../fhir/parameters.ts'
import { patientMatch } from '../fhir/patient-match/patient-match.ts'
import type { Resource } from '../fhir/resource.ts'
import { assertValid } from '../fhir/validate/validate.ts'
import { assertConforms } from '../store/conformance.ts'
import { lockCriteria } from '../store/criteria-locks.ts'
import type { Tx } from '../store/db.ts'
import { auditShown } from '../store/history.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { type Candidate, patientCandidates } from './patient-candidates.ts'

export type Decided = { readonly ids: readonly string[]; readonly created: readonly NewPatient[] }

/** `own`: the one patient that the token reaches. Throws: conflict, forbidden, and what is wrong with the Patient. */
export async function patientsSent(house: House, actor: Actor, inputs: Inputs, own: string | undefined): Promise<Decided> {
  const ids: string[] = []
  const created: NewPatient[] = []
  for (const { resource } of allOf(inputs, 'patient-resource')) {
    if (!resource) throw fault('value', 'A patient-resource is a Patient.', 'patient-resource')
    if (resource.resourceType !== 'Patient')
      throw fault('structure', `Send a Patient, not a ${resource.resourceType.slice(0, 64)}.`, 'patient-resource')
    assertValid(house.definitions, resource, 'Patient')
    await assertConforms(house.pool, house, resource)
    const known = own === undefined ? await matched(house, actor, resource) : await ownPatient(house, resource, own)
    if (known === undefined) created.push(newPatient(house, actor, resource))
    ids.push(known ?? created.at(-1)?.id ?? '')
  }
  return { ids, created }
}

async function ownPatient(house: House, resource: Resource, own: string): Promise<string> {
  const row = await currentResource(house.pool, 'Patient', own)
  const { grade } = row?.body ? patientMatch(resource, JSON.parse(row.body) as Resource) : { grade: 'certainly-not' }
  if (grade === 'certain' || grade === 'probable') return own
  throw unsure([])
}

/** Undefined: nobody here is possible. */
async function matched(house: House, actor: Actor, resource: Resource): Promise<string | undefined> {
  const candidates = await patientCandidates(house.pool, house, resource)
  const certain = candidates.filter(({ grade }) => grade === 'certain')
  const isKept = ({ id }: Candidate): boolean => actor.keptFrom?.includes(id) === true
  if (certain.length === 1 && !certain.some(isKept)) return certain[0]?.id
  if (candidates.length === 0) return undefined
  const told = maySeeAll(actor) ? candidates.filter((one) => !isKept(one)).slice(0, candidatesToldMax) : []
  if (told[0]) await auditTold(house, actor, told)
  throw unsure(told)
}

const candidatesToldMax = 10

const maySeeAll = (actor: Actor): boolean => {
  const permission = may(actor, 's', 'Patient')
  return permission.allowed && permission.patient === undefined && !permission.queries
}

function unsure(candidates: readonly Candidate[]): Fault {
  const issue = (diagnostics: string, code: string): Issue => ({ severity: 'error', code, diagnostics, expression: 'patient-resource' })
  const [first] = candidates
  const said = first
    ? 'The patient may be one who is known here: name that one as patient.'
    : 'Who this patient is cannot be told for sure.'
  return new Fault('conflict', [
    issue(said, 'conflict'),
    ...candidates.map(({ id, grade, score }) => issue(`Patient/${id}: ${grade}, score ${score}.`, 'multiple-matches')),
  ])
}

const auditTold = (house: House, actor: Actor, told: readonly Candidate[]): Promise<void> =>
  auditShown(house.pool, {
    type: 'Patient',
    id: told[0]?.id ?? '',
    entity: `Patient/${told[0]?.id}`,
    patients: told.map(({ id }) => id),
    audit: auditOf(house, actor, 'match'),
  })

function newPatient(house: House, actor: Actor, resource: Resource): NewPatient {
  const permission = may(actor, 'c', 'Patient')
  if (!permission.allowed || permission.patient !== undefined || permission.queries)
    throw fault('forbidden', "The patient is not known here, and the token's scopes do not allow creating one.", 'patient-resource')
  const id = house.ids.next()
  return { id, resource: { ...resource, id }, write: (tx) => createInTx(tx, house, actor, { ...resource, id }) }
}

/** Two who send the same new patient at once wait for each other: the second then finds the first's. */
async function createInTx(tx: Tx, house: House, actor: Actor, resource: Resource & { id: string }): Promise<void> {
  await lockCriteria(tx, turnsOf(house, resource))
  if ((await patientCandidates(tx, house, resource)).length > 0) throw unsure([])
  const at = house.clock.now().toISOString()
  const text = JSON.stringify(resource)
  const audit = auditOf(house, actor, 'create')
  await writeResource(tx, house, { type: 'Patient', id: resource.id, isNew: true, resource, text, at, client: actor.client, audit })
}

/** By whatever candidates are found by. */
function turnsOf(house: House, resource: Resource): string[] {
  const words = indexValues(house.definitions, resource, house.base).terms.filter((term) => /^(identifier|telecom)=[^|]*$/.test(term))
  const names = Array.isArray(resource.name)
    ? (resource.name as { family?: unknown }[]).map(({ family }) => `family=${String(family).toLowerCase()}`)
    : []
  return [...words, ...names, `birthdate=${String(resource.birthDate)}`].map((word) => `match Patient ${word}`)
}
