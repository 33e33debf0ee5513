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
  const instant = () => `${day()}T${oneOf(['08', '09', '15'])}:${oneOf(['00', '30'])}:00${oneOf(['Z', 'Z', '.250Z', '+05:30', '-08:00'])}`
  /** As exact as a dateTime or a date may be, or not. */
  const inexact = (exact: string) => oneOf([exact, exact, exact, exact.slice(0, 10), exact.slice(0, 7), exact.slice(0, 4)])
  const dateTime = () => inexact(instant())
  const date = () => inexact(day())
  const period = () => {
    const [start, end] = [dateTime(), `2026-1${oneOf(['0', '1'])}-01T00:00:00Z`]
    return oneOf([{ start, end }, { start, end }, { start }, { end }])
  }
  const coding = () => ({ system: oneOf(['http://a', 'http://b', undefined]), code: oneOf(['x', 'y', 'z']) })
  const concept = () => oneOf([{ coding: [coding()] }, { coding: [coding(), coding()] }, { text: text() }])
  const identifier = () => ({ system: oneOf(['urn:mrn', 'urn:npi', undefined]), value: oneOf(['1', '2', '3']) })
  const name = () => oneOf([{ family: text(), given: [text(), text()] }, { text: text() }, { prefix: [text()], suffix: [text()] }])
  const address = () => ({
    use: oneOf(['home', 'work']),
    postalCode: oneOf(['02139', '10001']),
    ...oneOf([{ city: text() }, { line: [text(), text()], country: text() }, { text: text(), district: text(), state: text() }]),
  })
  /** Relative, or by the address that it has here, or on another server. */
  const pointer = (to: string) => ({
    reference: oneOf([to, to, to, `https://clinic.example/fhir/${to}`, `https://other.example/fhir/${to}`]),
  })
  const text = () => oneOf(['Anna', 'Annabel', 'Öz', 'van Dyk', 'Smith', 'Smithson', 'ann'])
  const uri = () => oneOf(['http://p/1', 'http://p/2', 'http://s'])
  const quantity = () => ({
    value: oneOf([10, 20, 20.4, 30.5]),
    ...oneOf([{ system: 'http://unitsofmeasure.org', code: 'min' }, { unit: 'min' }, {}]),
  })
  return { oneOf, instant, dateTime, date, period, coding, concept, identifier, name, address, pointer, text, uri, quantity }
}

type Maker = (targets: readonly string[]) => unknown

function makers(lot: Lot): Readonly<Record<string, Maker>> {
  const { oneOf, instant, dateTime, date, period, coding, concept, identifier, name, address, pointer, text, uri, quantity } =
    vocabulary(lot)
  const number = () => oneOf([1, 2, 3])
  return {
    string: text,
    markdown: text,
    code: () => oneOf(['x', 'active', 'booked', 'female', 'home', 'finished']),
    boolean: () => lot() < 0.5,
    uri,
    url: uri,
    canonical: uri,
    date,
    dateTime,
    instant,
    integer: number,
    positiveInt: number,
    unsignedInt: number,
    decimal: () => oneOf([10, 20, 30.5]),
    Coding: coding,
    CodeableConcept: concept,
    Identifier: identifier,
    ContactPoint: () => ({ system: oneOf(['phone', 'email']), value: oneOf(['1', 'a@b']) }),
    HumanName: name,
    Address: address,
    Period: period,
    Quantity: quantity,
    Duration: quantity,
    Age: quantity,
    Reference: (targets) => {
      const stored = targets.filter((type) => storedTypes.includes(type))
      return pointer(`${oneOf(stored.length > 0 ? stored : ['Patient', 'Organization'])}/${oneOf(['1', '2', '3'])}`)
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
