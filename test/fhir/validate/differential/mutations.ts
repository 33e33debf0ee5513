/**
 * One change to a resource, at a place and of a kind that chance picks: what hands, programs and translations break.
 * The same numbers make the same change.
 */

import type { Resource } from '../../../../src/fhir/resource.ts'
import { fc } from '../../../support/chance.ts'

export type Mutant = { readonly resource: Resource; readonly kind: string; readonly path: string }

type Json = Record<string, unknown>
type Place = { readonly holder: Json | unknown[]; readonly key: string | number; readonly value: unknown; readonly path: string }

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function placesIn(holder: Json | unknown[], path: string): Place[] {
  return Object.entries(holder).flatMap(([key, value]) => {
    const at = Array.isArray(holder) ? `${path}[${key}]` : `${path}.${key}`
    const place = { holder, key: Array.isArray(holder) ? Number(key) : key, value, path: at }
    return typeof value === 'object' && value !== null ? [place, ...placesIn(value as Json, at)] : [place]
  })
}

/** Not structuredClone: under Jest its arrays are another world's, and `instanceof` knows. */
const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const put =
  (value: (place: Place, n: number) => unknown) =>
  (place: Place, n: number): void => {
    ;(place.holder as Json)[place.key] = value(place, n)
  }
const oneOf = (...values: unknown[]) => put((_, n) => clone(values[n % values.length]))

function rename({ holder, key, value }: Place, to: string): void {
  if (Array.isArray(holder)) return
  delete holder[key]
  holder[to] = value
}

type Kind = { readonly name: string; readonly fits: (place: Place) => boolean; readonly change: (place: Place, n: number) => void }

const isText = ({ value }: Place): boolean => typeof value === 'string'
const isDate = ({ value }: Place): boolean => typeof value === 'string' && /^\d{4}-\d\d/.test(value)
const isNamed = ({ holder, key }: Place): boolean => !Array.isArray(holder) && key !== 'resourceType'
const always = (): boolean => true

const kinds: readonly Kind[] = [
  {
    name: 'element taken away',
    fits: isNamed,
    change: ({ holder, key }) => void delete (holder as Json)[key],
  },
  {
    name: 'item taken away',
    fits: ({ holder }) => Array.isArray(holder),
    change: ({ holder, key }) => void (holder as unknown[]).splice(Number(key), 1),
  },
  { name: 'name misspelt', fits: isNamed, change: (place) => rename(place, `${place.key}s`) },
  {
    name: 'name with another capital',
    fits: isNamed,
    change: (place) => rename(place, String(place.key).charAt(0).toUpperCase() + String(place.key).slice(1)),
  },
  {
    name: 'unknown element',
    fits: ({ value }) => isJson(value),
    change: ({ value }, n) => void Object.assign(value as Json, { [`x${n % 9}`]: 'x' }),
  },
  { name: 'null', fits: always, change: put(() => null) },
  { name: 'empty', fits: always, change: oneOf('', {}, []) },
  { name: 'in an array', fits: isNamed, change: put(({ value }) => [value]) },
  { name: 'out of its array', fits: ({ value }) => Array.isArray(value), change: put(({ value }) => (value as unknown[])[0]) },
  { name: 'number for text', fits: isText, change: oneOf(1, 0, -1.5) },
  { name: 'boolean for text', fits: isText, change: oneOf(true, false) },
  { name: 'object for text', fits: isText, change: put(({ value }) => ({ text: value })) },
  { name: 'text for an object', fits: ({ value }) => isJson(value), change: oneOf('x', 'Patient/1') },
  { name: 'text for a number', fits: ({ value }) => typeof value === 'number', change: put(({ value }) => String(value)) },
  { name: 'text for a boolean', fits: ({ value }) => typeof value === 'boolean', change: put(({ value }) => String(value)) },
  { name: 'another number', fits: ({ value }) => typeof value === 'number', change: oneOf(-1, 0.5, 3e9, 0) },
  {
    name: 'another text',
    fits: isText,
    change: oneOf('nonsense', ' x', 'a  b', 'x ', 'http://a b', '\u0007', '#nobody', 'Nonsense/1', 'urn:x', '1'),
  },
  {
    name: 'no date',
    fits: isDate,
    change: oneOf(
      'yesterday',
      '2012-02-30',
      '2012-13-01',
      '01/02/2012',
      '2012-1-1',
      '2012-01-01 10:00',
      '2012-01-01T10:00',
      '2012-01-01T25:00:00Z',
    ),
  },
  {
    name: 'another date',
    fits: isDate,
    change: oneOf('1900', '1900-01-01', '1900-01-01T00:00:00Z', '2999-01-01T00:00:00.000+14:00', '2012-02'),
  },
  {
    name: 'another reference',
    fits: ({ key }) => key === 'reference',
    change: oneOf('Slot/1', 'Patient/1', 'Patient', 'patient/1', 'Patient/a_b', 'http://example.org/Patient/1', '#x'),
  },
  {
    name: 'said in two types',
    fits: ({ key }) =>
      typeof key === 'string' && /^(value|onset|deceased|effective|multipleBirth|occurrence|answer|timing|product|serviced)[A-Z]/.test(key),
    change: ({ holder, key }) => void Object.assign(holder, { [String(key).replace(/[A-Z].*/, 'Boolean')]: true }),
  },
  {
    name: 'said twice',
    fits: ({ holder, value }) => Array.isArray(holder) && isJson(value),
    change: ({ holder, value }) => void (holder as unknown[]).push(clone(value)),
  },
]

export const mutationNumbers = fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat())

/** Undefined where the kind fits nowhere in the resource. */
export function mutant(
  examples: readonly Resource[],
  [which, kindAt, placeAt, n]: readonly [number, number, number, number],
): Mutant | undefined {
  const resource = clone(examples[which % examples.length]) as Resource
  const kind = kinds[kindAt % kinds.length] as Kind
  const places = placesIn(resource, resource.resourceType).filter(kind.fits)
  const place = places[placeAt % Math.max(places.length, 1)]
  if (!place) return undefined
  kind.change(place, n)
  return { resource, kind: kind.name, path: place.path }
}
