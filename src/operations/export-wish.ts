/**
 * What an export was asked for, read from the query or a Parameters resource and judged against the caller's scopes.
 * https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters
 *
 * `_elements`, `includeAssociatedData` and what else is not done here is refused; with `Prefer: handling=lenient` it is
 * left aside and named in the manifest's `error` file. An unknown parameter is left aside unless handling is strict.
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { exportFiltersMax, exportPatientsMax } from '../base/bulk-limits.ts'
import { fault } from '../base/fault.ts'
import { spanOf } from '../fhir/date-time.ts'
import { allOf, firstOf, type Inputs, idIn, inputsOf, textIn } from '../fhir/parameters.ts'
import { compartmentParameters } from '../fhir/patient-compartment.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { storedTypes } from '../fhir/resource.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { ExportPatients } from '../store/export-chunks.ts'
import type { House } from '../store/house.ts'

export type ExportWish = {
  readonly types: readonly string[]
  /** ISO 8601. */
  readonly since?: string
  readonly patients?: ExportPatients
  /** Queries by type, each without its `Type?`. */
  readonly filters: Readonly<Record<string, readonly string[]>>
  /** What was left aside. */
  readonly remarks: readonly string[]
}

/** `Patient/$export` and `Group/x/$export` reach the patients' compartments alone. */
export type Reach = { readonly patients?: ExportPatients }

const notDone = new Set(['_elements', 'includeAssociatedData', 'organizeOutputBy', '_until', 'allowPartialManifests'])
const known = new Set(['_outputFormat', '_since', '_type', '_typeFilter', 'patient', ...notDone])
const formats = new Set(['application/fhir+ndjson', 'application/ndjson', 'ndjson'])

export function exportWish(house: House, actor: Actor, request: FhirRequest, reach: Reach): ExportWish {
  const inputs = inputsOf(request, known)
  const remarks = leftAside(inputs, request)
  const format = firstOf(inputs, '_outputFormat')
  // A bare + in a query has become a space.
  if (format && !formats.has(textIn(format).replace(' ', '+')))
    throw fault('value', 'This server exports NDJSON: leave `_outputFormat` out, or say application/fhir+ndjson.', '_outputFormat')
  const types = typesOf(house, actor, inputs, reach, request, remarks)
  return {
    types,
    since: sinceOf(inputs),
    patients: patientsOf(house, inputs, request, reach),
    filters: filtersOf(house, inputs, types),
    remarks,
  }
}

function leftAside(inputs: Inputs, { headers }: FhirRequest): string[] {
  const [unknown] = inputs.unknown
  if (unknown !== undefined && headers.prefer.handling === 'strict')
    throw fault('malformed', `The parameter ${unknown.slice(0, 80)} is not known here.`)
  const undone = [...notDone].filter((name) => inputs.byName.has(name))
  if (undone.length > 0 && headers.prefer.handling !== 'lenient')
    throw fault('value', `\`${undone[0]}\` is not served. Leave it out, or send Prefer: handling=lenient to have it left aside.`, undone[0])
  return [...undone, ...inputs.unknown].map((name) => `The parameter ${name.slice(0, 80)} was left aside: it is not served.`)
}

const inCompartments = (house: House, type: string): boolean =>
  type === 'Patient' || compartmentParameters(house.definitions, type).length > 0

const listed = (inputs: Inputs, name: string, separator: RegExp | string): string[] =>
  allOf(inputs, name).flatMap((parameter) => textIn(parameter).split(separator).filter(Boolean))

function typesOf(house: House, actor: Actor, inputs: Inputs, reach: Reach, { headers }: FhirRequest, remarks: string[]): string[] {
  const named = [...new Set(listed(inputs, '_type', ','))]
  const reached = (type: string): boolean => reach.patients === undefined || inCompartments(house, type)
  if (named.length === 0) {
    const types = storedTypes.filter((type) => reached(type) && mayExport(actor, type))
    if (types.length === 0) throw fault('forbidden', 'The token allows no type to be exported: it takes scopes such as system/Patient.rs.')
    return types
  }
  const types = named.flatMap((type) => {
    const why = !storedTypes.includes(type)
      ? `There is no export of ${type.slice(0, 64)}.`
      : reached(type)
        ? undefined
        : `${type} is in no patient's compartment: export it at system level.`
    if (why === undefined) return [type]
    if (headers.prefer.handling !== 'lenient') throw fault('value', why, '_type')
    remarks.push(why)
    return []
  })
  const closed = types.find((type) => !mayExport(actor, type))
  if (closed) throw fault('forbidden', `The token does not allow this: it takes a scope such as system/${closed}.rs.`)
  if (types.length === 0) throw fault('value', 'None of these types can be exported here.', '_type')
  return types
}

/** Never under a patient scope: an export goes over everybody. */
export function mayExport(actor: Actor, type: string): boolean {
  const [reading, searching] = [may(actor, 'r', type), may(actor, 's', type)]
  return reading.allowed && searching.allowed && reading.patient === undefined && searching.patient === undefined && !onlyAsPatient(actor)
}

/** The directory is open to patients; exporting it is not theirs all the same. */
const onlyAsPatient = (actor: Actor): boolean => actor.scopes.every(({ level }) => level === 'patient')

function sinceOf(inputs: Inputs): string | undefined {
  const since = firstOf(inputs, '_since')
  if (!since) return undefined
  // A bare + before an offset has become a space.
  const span = spanOf(textIn(since).replace(' ', '+'))
  if (!span) throw fault('value', 'Say `_since` as an instant, for example 2026-11-23T09:00:00Z.', '_since')
  return new Date(span.lower).toISOString()
}

/** The patients named, where the level allows to name any; of a Group only its members count. */
function patientsOf(house: House, inputs: Inputs, { method }: FhirRequest, { patients }: Reach): ExportPatients | undefined {
  const named = allOf(inputs, 'patient')
  if (named.length === 0) return patients
  if (patients === undefined || method === 'GET')
    throw fault('value', '`patient` is for a POST to Patient/$export or Group/{id}/$export.', 'patient')
  if (named.length > exportPatientsMax) throw fault('too-costly', `Name at most ${exportPatientsMax} patients.`, 'patient')
  const ids = [...new Set(named.map((one) => idIn(one, 'Patient', house.base)))]
  if (patients === 'any') return ids
  const members = new Set(patients)
  if (ids.some((id) => !members.has(id))) throw fault('value', 'A patient that was named is no member of the Group.', 'patient')
  return ids
}

/**
 * What a chain reaches beyond the token's scopes matches nothing. A comma parts two filters where the next one begins; others
 * belong to a query's own values.
 */
const betweenFilters = /,(?=[A-Z][A-Za-z]+\?)/

function filtersOf(house: House, inputs: Inputs, types: readonly string[]): ExportWish['filters'] {
  const filters: Record<string, string[]> = {}
  const all = listed(inputs, '_typeFilter', betweenFilters)
  if (all.length > exportFiltersMax) throw fault('too-costly', `Send at most ${exportFiltersMax} filters.`, '_typeFilter')
  for (const filter of all) {
    const [, type = '', query = ''] = /^([A-Za-z]+)\?(.+)$/s.exec(filter) ?? []
    if (!types.includes(type))
      throw fault('value', 'A filter is a search of one of the exported types: Appointment?status=booked', '_typeFilter')
    assertFilter(house, type, query)
    filters[type] = [...(filters[type] ?? []), query]
  }
  return filters
}

function assertFilter(house: House, type: string, query: string): void {
  const search = parseSearch(house.definitions, type, new URLSearchParams(query), house.base)
  const odd = search.unknown[0] ?? search.applied.map(([name]) => name).find((name) => resultParameters.has(name))
  if (odd !== undefined) throw fault('value', `A filter cannot have the parameter ${odd.slice(0, 80)}.`, '_typeFilter')
  if (search.criteria.length === 0) throw fault('value', 'A filter says what to look for: Appointment?status=booked', '_typeFilter')
}

/** They say how an answer looks, and an export looks one way. */
const resultParameters = new Set(['_count', '_sort', '_include', '_revinclude', '_total', '_summary', '_elements', '_format', '_pretty'])
