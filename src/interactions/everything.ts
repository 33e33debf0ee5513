/**
 * `$everything` of a Patient: the patient, all of their compartment, and what that points at. Its definition is
 * `fhir-profiles/OperationDefinition-everything.json`. https://hl7.org/fhir/R4/patient-operation-everything.html
 *
 * It is a read and a search by another name and stands here beside them: what a token may not read or search is not in it,
 * and another patient's own record never is. Of all patients at once it is refused; that is `Patient/$export`.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { pageSizeMax } from '../base/search-limits.ts'
import { searchEntry } from '../fhir/bundle.ts'
import { typesPlacedIn } from '../fhir/compartments.ts'
import { spanOf } from '../fhir/date-time.ts'
import { firstOf, type Inputs, inputsOf, textIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { Pairs } from '../fhir/query-string.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { assertUnderstood } from '../fhir/search-remarks.ts'
import type { House } from '../store/house.ts'
import { read } from './read.ts'
import { answer, typesNamed } from './search-types.ts'

const known: ReadonlySet<string> = new Set(['start', 'end', '_since', '_type', '_count', '_cursor'])

/** The parameter by which a type's care is dated; a type without one is there whatever the dates. */
const careDates: Readonly<Record<string, string>> = {
  Appointment: 'date',
  Encounter: 'date',
  Communication: 'sent',
  Consent: 'date',
  Provenance: 'recorded',
  QuestionnaireResponse: 'authored',
  Schedule: 'date',
  ServiceRequest: 'occurrence',
  Task: 'period',
}

export async function everything(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const id = request.id ?? actor.patient
  if (id === undefined)
    throw fault('too-costly', 'Name one patient: Patient/{id}/$everything. Of all of them at once it is Patient/$export.')
  const inputs = inputsOf(request, known)
  assertUnderstood(inputs, request)
  const asked = askedOf(inputs)
  const named = typesNamed(asked)
  const isWanted = (type: string): boolean => named.length === 0 || named.includes(type)
  const patient = await read(house, actor, { ...request, type: 'Patient', id, query: [] })
  const since = asked.find(([name]) => name === '_since')?.[1]
  const isNews = since === undefined || (patient.updated ?? '') >= new Date(spanOf(since)?.lower ?? 0).toISOString()
  const first = isWanted('Patient') && isNews ? [searchEntry(house.base, 'Patient', id, patient.body ?? '{}', 'match')] : []
  const types = typesPlacedIn(house.definitions, 'Patient').filter(
    (type) => isWanted(type) && may(actor, 's', type).allowed && may(actor, 'r', type).allowed,
  )
  const pairs = asked.filter(([name]) => name === '_count' || name === '_cursor')
  const links = asked.filter(([name]) => !pairs.some((pair) => pair[0] === name))
  const more = (type: string): Pairs => [
    ...criteriaOf(house, type, links),
    ...(named.length > 0 ? [] : [['_include', `${type}:*`] as const]),
  ]
  const path = request.id === undefined ? 'Patient/$everything' : `Patient/${id}/$everything`
  return answer(
    house,
    actor,
    { types, pairs, more, links, path, compartment: { type: 'Patient', id }, interaction: 'everything', first, notAlong: 'Patient' },
    request,
  )
}

/** As pairs, checked, each name once. */
function askedOf(inputs: Inputs): Pairs {
  const [start, end, since, type, count, cursor] = ['start', 'end', '_since', '_type', '_count', '_cursor'].map((name) =>
    firstOf(inputs, name),
  )
  const dates = [start, end, since].flatMap((date) => (date ? [[date.name, dateIn(date.name, textIn(date))] as const] : []))
  return [
    ...dates,
    ...(type ? [['_type', (inputs.byName.get('_type') ?? []).map(textIn).join(',')] as const] : []),
    ...(count ? [['_count', String(wholeNumberIn(count, pageSizeMax))] as const] : []),
    ...(cursor ? [['_cursor', textIn(cursor)] as const] : []),
  ]
}

function dateIn(name: string, value: string): string {
  if (spanOf(value)) return value
  throw fault('value', `The parameter ${name} is a date or an instant such as 2026-11-23T09:00:00Z.`, name)
}

/** Care between two days, as search has it, and changes since an instant. */
function criteriaOf(house: House, type: string, asked: Pairs): Pairs {
  const date = careDates[type]
  const isDated = date !== undefined && house.definitions.searchParameters.get(type)?.has(date)
  return asked.flatMap(([name, value]): Pairs => {
    if (name === '_since') return [['_lastUpdated', `ge${value}`]]
    if (!isDated || date === undefined) return []
    if (name === 'start') return [[date, `ge${value}`]]
    return name === 'end' ? [[date, `le${value}`]] : []
  })
}
