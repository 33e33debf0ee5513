/**
 * Which resources a parameter means, however a dialect names them: a reference, an id, an address under our base, a logical
 * reference (`{"identifier": …}`, IHE), or an Identifier (Epic sends a bare id in one). In a query an identifier is written
 * `system|value`. https://hl7.org/fhir/R4/references.html#logical
 */
import type { Actor } from '../access/actor.ts'
import { boundsFor } from '../access/bounds.ts'
import { directoryTypes, sharedTypes } from '../access/compartment.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { findSchedulesMax } from '../base/limits.ts'
import { type Inputs, idIn, nameIn, type Parameter } from '../fhir/parameters.ts'
import { parseSearch } from '../fhir/search-query.ts'
import type { House } from '../store/house.ts'
import { preparedSearch } from '../store/search/prepared-search.ts'
import type { Bounds } from '../store/search/scope.ts'

type Identifier = { readonly system?: unknown; readonly value?: unknown }

/** As a search token; undefined where the value is no identifier, or one without a system, which is an id. */
export function identifierIn({ value }: Parameter): string | undefined {
  if (typeof value === 'string') return value.includes('|') ? value : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const { identifier, reference } = value as { identifier?: Identifier; reference?: unknown }
  if (reference !== undefined) return undefined
  if (typeof identifier?.value === 'string') return tokenOf(identifier)
  const own = value as Identifier
  return typeof own.value === 'string' && typeof own.system === 'string' ? tokenOf(own) : undefined
}

const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&')

const tokenOf = ({ system, value }: Identifier): string =>
  typeof system === 'string' ? `${escaped(system)}|${escaped(String(value))}` : escaped(String(value))

/** The ids; of several with commas between them each. What an identifier does not find is not there: none. */
export async function idsNamedBy(house: House, actor: Actor, parameter: Parameter, type: string): Promise<string[]> {
  const token = identifierIn(parameter)
  if (token !== undefined) return idsBySearch(house, type, [['identifier', token]], reachOf(house, actor, type))
  return nameIn(parameter)
    .split(',')
    .map((name) => idIn({ name: parameter.name, value: name }, type, house.base))
}

/** The one that is named. Throws `not-found` where an identifier finds none, `business-rule` where it finds several. */
export async function idNamedBy(house: House, actor: Actor, parameter: Parameter, type: string): Promise<string> {
  if (identifierIn(parameter) === undefined) return idIn(parameter, type, house.base)
  const [id, another] = await onesInUse(house, actor, type, await idsNamedBy(house, actor, parameter, type))
  if (id === undefined) throw fault('not-found', `There is no ${type} with this identifier.`, parameter.name)
  if (another !== undefined) throw fault('business-rule', `Several ${type}s have this identifier: name one by reference.`, parameter.name)
  return id
}

/** A Patient that was merged into another has identifiers that the other has got as well: the one in use is meant. */
async function onesInUse(house: House, actor: Actor, type: string, ids: string[]): Promise<string[]> {
  if (type !== 'Patient' || ids.length < 2) return ids
  const inUse = await idsBySearch(
    house,
    type,
    [
      ['_id', ids.join(',')],
      ['active:not', 'false'],
    ],
    reachOf(house, actor, type),
  )
  return inUse.length > 0 ? inUse : ids
}

/** Each that a repeatable parameter names. */
export const eachNamedBy = (house: House, actor: Actor, inputs: Inputs, name: string, type: string): Promise<string[]> =>
  Promise.all((inputs.byName.get(name) ?? []).filter(({ resource }) => !resource).map((one) => idNamedBy(house, actor, one, type)))

/**
 * Nobody learns by an identifier of what their scopes or a Consent confine them from. Scopes that do not reach the type at all
 * still name what they act upon by it: who books for anybody may say for whom.
 */
function reachOf(house: House, actor: Actor, type: string): Bounds {
  const bounds = boundsFor(house, actor, 's', type)
  if (bounds) return bounds
  if (actor.patient !== undefined) return { patient: actor.patient }
  const books = may(actor, 'c', 'Appointment')
  const isOpen = directoryTypes.has(type) || sharedTypes.has(type) || (books.allowed && !books.queries)
  return isOpen ? { except: actor.keptFrom } : nothing
}

/** An alternative without criteria meets nothing. */
const nothing: Bounds = { anyOf: [[]] }

/** Throws `not-found` where the scopes confine the actor from the resource, as if it were not there. */
export async function assertInReach(house: House, actor: Actor, type: string, id: string, parameter: string): Promise<void> {
  const bounds = reachOf(house, actor, type)
  if (bounds.patient === undefined && bounds.anyOf === undefined && bounds.except === undefined) return
  const [known] = await idsBySearch(house, type, [['_id', id]], bounds)
  if (known === undefined) throw fault('not-found', `There is no ${type}/${id}.`, parameter)
}

export async function idsBySearch(
  house: House,
  type: string,
  pairs: readonly (readonly [string, string])[],
  bounds: Bounds = {},
): Promise<string[]> {
  const query = parseSearch(house.definitions, type, pairs, house.base)
  const prepared = await preparedSearch(house.pool, house.definitions, type, { ...query, count: findSchedulesMax }, bounds)
  const rows = await prepared.page()
  return rows.map((row) => row.id)
}
