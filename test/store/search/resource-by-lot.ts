/**
 * Resources of any type by lot: each element as the definitions have it, its values from small vocabularies, so that
 * questions hit. They are no valid resources, and need not be: what a search reads is what counts.
 */
import type { ElementDefinition } from '../../../src/fhir/definitions/types.ts'
import { storedTypes } from '../../../src/fhir/resource.ts'
import { definitions } from './searchable.ts'

export type Lot = () => number

const depthMax = 3

export function vocabulary(lot: Lot) {
  const oneOf = <T>(list: readonly T[]): T => list[Math.floor(lot() * list.length)] as T
  const day = () => `2026-0${1 + Math.floor(lot() * 6)}-1${Math.floor(lot() * 9)}`
  const instant = () => `${day()}T${oneOf(['08', '09', '15'])}:${oneOf(['00', '30'])}:00Z`
  const coding = () => ({ system: oneOf(['http://a', 'http://b']), code: oneOf(['x', 'y', 'z']) })
  const text = () => oneOf(['Anna', 'Annabel', 'Öz', 'van Dyk', 'Smith', 'Smithson', 'ann'])
  const uri = () => oneOf(['http://p/1', 'http://p/2', 'http://s'])
  const quantity = () => ({ value: oneOf([10, 20, 30.5]), system: 'http://unitsofmeasure.org', code: 'min' })
  return { oneOf, day, instant, coding, text, uri, quantity }
}

type Maker = (targets: readonly string[]) => unknown

function makers(lot: Lot): Readonly<Record<string, Maker>> {
  const { oneOf, day, instant, coding, text, uri, quantity } = vocabulary(lot)
  const number = () => oneOf([1, 2, 3])
  return {
    string: text,
    markdown: text,
    code: () => oneOf(['x', 'active', 'booked', 'female', 'home', 'finished']),
    boolean: () => lot() < 0.5,
    uri,
    url: uri,
    canonical: uri,
    date: day,
    dateTime: instant,
    instant,
    integer: number,
    positiveInt: number,
    unsignedInt: number,
    decimal: () => oneOf([10, 20, 30.5]),
    Coding: coding,
    CodeableConcept: () => ({ coding: [coding()] }),
    Identifier: () => ({ system: oneOf(['urn:mrn', 'urn:npi']), value: oneOf(['1', '2', '3']) }),
    ContactPoint: () => ({ system: oneOf(['phone', 'email']), value: oneOf(['1', 'a@b']) }),
    HumanName: () => ({ family: text(), given: [text()] }),
    Address: () => ({ city: text(), use: oneOf(['home', 'work']), postalCode: oneOf(['02139', '10001']) }),
    Period: () => ({ start: instant(), end: `2026-1${oneOf(['0', '1'])}-01T00:00:00Z` }),
    Quantity: quantity,
    Duration: quantity,
    Age: quantity,
    Reference: (targets) => {
      const stored = targets.filter((type) => storedTypes.includes(type))
      return { reference: `${oneOf(stored.length > 0 ? stored : ['Patient', 'Organization'])}/${oneOf(['1', '2', '3'])}` }
    },
  }
}

/** An element of a choice has one of the types that this knows. */
function keyed(element: ElementDefinition, lot: Lot, known: Readonly<Record<string, Maker>>): readonly [string, Maker] | undefined {
  const able = element.types.filter(({ code }) => known[code])
  const type = able[Math.floor(lot() * able.length)]
  const make = type && known[type.code]
  if (!type || !make) return undefined
  const name = element.choice ? element.name + type.code.charAt(0).toUpperCase() + type.code.slice(1) : element.name
  return [name, () => make(type.targets ?? [])]
}

export function elementsByLot(lot: Lot, type: string): Record<string, unknown> {
  return filled(definitions.types.get(type)?.elements ?? [], lot, makers(lot), 0)
}

const theServers: ReadonlySet<string> = new Set(['id', 'meta', 'contained', 'extension', 'modifierExtension', 'text', 'implicitRules'])

function filled(
  elements: readonly ElementDefinition[],
  lot: Lot,
  known: Readonly<Record<string, Maker>>,
  depth: number,
): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const element of elements) {
    if (theServers.has(element.name) || (element.min === 0 && lot() > 0.6)) continue
    const many = element.max === '*' ? 1 + Math.floor(lot() * 2) : undefined
    const inner = element.elements
    if (inner && depth >= depthMax) continue
    const key = inner ? ([element.name, () => filled(inner, lot, known, depth + 1)] as const) : keyed(element, lot, known)
    if (key) found[key[0]] = many === undefined ? key[1]([]) : Array.from({ length: many }, () => key[1]([]))
  }
  return found
}
