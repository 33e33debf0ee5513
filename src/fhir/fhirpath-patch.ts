/**
 * FHIRPath Patch: operations as Parameters, each at the element that a FHIRPath finds.
 * https://hl7.org/fhir/R4/fhirpatch.html
 *
 * Each operation sees what those before it have done. Numbers keep their digits.
 */
import { type Fault, fault } from '../base/fault.ts'
import { patchCharsReadMax, patchOperationsMax } from '../base/limits.ts'
import type { Definitions } from './definitions/types.ts'
import { type Emptied, withoutEmptied } from './emptied.ts'
import { exactText, isExactNumber, numberOf, parseExact } from './exact-json.ts'
import {
  deleteElement,
  fieldIn,
  type Holder,
  holderOf,
  type Json,
  lengthOf,
  setElement,
  spliceList,
  standing,
  type Value,
} from './fhirpath-patch/element.ts'
import { type Location, pathOf } from './fhirpath-patch/path.ts'
import { type Part, partsOf, valueIn } from './fhirpath-patch/value.ts'
import type { Resource } from './resource.ts'
import type { Field } from './validate/shapes.ts'

type Draft = {
  readonly definitions: Definitions
  readonly document: Json
  readonly emptied: Emptied
  readonly locate: (resource: Resource) => Location[]
  readonly part: (name: string) => Part | undefined
  readonly refuse: (what: string) => Fault
}

type Prepared = Pick<Draft, 'locate' | 'part' | 'refuse'> & { readonly perform: (draft: Draft) => void }

/** The operations of a patch, each in good order. Throws where they are not. */
export function fhirpathPatchOf(definitions: Definitions, parameters: string): (stored: string) => string {
  const operations = partsOf(parseExact(parameters), 'Parameters', 'parameter').map(prepared)
  if (operations.length > patchOperationsMax) throw fault('too-costly', `A patch has at most ${patchOperationsMax} operations.`)
  return (stored) => {
    if (stored.length * operations.length > patchCharsReadMax)
      throw fault('too-costly', 'The patch has too many operations for a resource of this size: use JSON Patch, or send less at once.')
    const document = parseExact(stored) as Json
    const emptied: Emptied = new Set()
    for (const { perform, ...operation } of operations) perform({ definitions, document, emptied, ...operation })
    withoutEmptied(document, emptied)
    return exactText(document)
  }
}

function prepared(parameter: Part, index: number): Prepared {
  const wrong = (what: string): Fault =>
    fault('structure', `Operation ${index + 1} of the patch ${what}.`, `Parameters.parameter[${index}]`)
  if (parameter.name !== 'operation') throw wrong('is a parameter that is not named "operation"')
  const parts = partsOf(parameter, `Parameters.parameter[${index}]`, 'part')
  const part = (name: string): Part | undefined => parts.find((one) => one.name === name)
  const type = textOf(part('type'))
  if (type === undefined || !Object.hasOwn(operations, type))
    throw wrong(`has no known type: it is one of ${Object.keys(operations).join(', ')}`)
  const path = textOf(part('path'))
  if (path === undefined) throw wrong('has no path')
  const needs = operations[type as keyof typeof operations]
  for (const name of needs.parts) if (!part(name)) throw wrong(`has no ${name}`)
  const refuse = (what: string): Fault =>
    fault('processing', `Operation ${index + 1} of the patch (${type}) cannot be done: ${what}.`, `Parameters.parameter[${index}]`)
  return { locate: pathOf(path), part, refuse, perform: needs.perform }
}

const textOf = (part: Part | undefined): string | undefined => {
  const value = part && (part.valueString ?? part.valueCode)
  return typeof value === 'string' && value !== '' && !isExactNumber(value) ? value : undefined
}

function wholeNumber({ part, refuse }: Draft, name: string): number {
  const { valueInteger, valueUnsignedInt, valuePositiveInt }: Json = part(name) ?? {}
  const number = numberOf(valueInteger ?? valueUnsignedInt ?? valuePositiveInt)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw refuse(`its ${name} is no valueInteger of 0 or more`)
}

/** Where the path leads in the resource as the operations before have left it. */
const located = ({ document, locate }: Draft): Location[] => locate(JSON.parse(exactText(document)) as Resource)

function single(draft: Draft): Location {
  const [location, another] = located(draft)
  if (!location) throw draft.refuse('there is nothing at its path')
  if (another) throw draft.refuse('its path finds more than one element')
  return location
}

type Found = { readonly holder: Holder; readonly field: Field; readonly index?: number }

/** The element at a location within what holds it. */
function elementAt(draft: Draft, location: Location): Found {
  const last = location.at(-1)
  if (!last) throw draft.refuse('its path finds the whole resource')
  const holder = holderOf(draft.definitions, draft.document, location.slice(0, -1))
  const field = holder && fieldIn(holder, last.name)
  if (!holder || !field) throw draft.refuse('its path leads to what this server cannot change')
  return { holder, field, index: last.index }
}

/** The list that the path finds, whole. */
function listAt(draft: Draft): Found {
  const locations = located(draft)
  if (locations.length === 0) throw draft.refuse('there is no list at its path')
  const places = locations.map((location) => elementAt(draft, location))
  const [first] = places
  const isWhole =
    first && places.every(({ holder, field, index }, at) => holder.object === first.holder.object && field === first.field && index === at)
  if (!first || !isWhole || lengthOf(first.holder, first.field) !== places.length)
    throw draft.refuse('its path does not find one whole list')
  return first
}

/** The value that is sent, for an element of the holder's. */
function sentFor(draft: Draft, holder: Holder, name: string): { field: Field; value: Value } {
  const part = draft.part('value') ?? { name: 'value' }
  const suffix = Object.keys(part)
    .map((key) => /^_?value([A-Z]\w*)$/.exec(key)?.[1])
    .find(Boolean)
  const field = fieldIn(holder, name, suffix ?? '')
  if (!field) throw draft.refuse(`there can be no ${name.slice(0, 64)} of that type there`)
  const value = valueIn(draft.definitions, part, field)
  if (!value) throw draft.refuse('it has no value that fits there')
  return { field, value }
}

const operations = {
  add: {
    parts: ['name', 'value'],
    perform: (draft: Draft) => {
      const holder = holderOf(draft.definitions, draft.document, single(draft))
      if (!holder) throw draft.refuse('its path leads to what this server cannot change')
      const { field, value } = sentFor(draft, holder, textOf(draft.part('name')) ?? '')
      if (field.repeats) spliceList(holder.object, field, lengthOf(holder, field), 0, value)
      else if (standing(holder, field).length > 0) throw draft.refuse('the element is there already: replace it')
      else setElement(holder, field, value)
    },
  },
  insert: {
    parts: ['index', 'value'],
    perform: (draft: Draft) => {
      const { holder, field } = listAt(draft)
      const index = wholeNumber(draft, 'index')
      if (index > lengthOf(holder, field)) throw draft.refuse('its index lies behind the end of the list')
      spliceList(holder.object, field, index, 0, sentFor(draft, holder, field.key).value)
    },
  },
  delete: {
    parts: [],
    perform: (draft: Draft) => {
      const locations = located(draft)
      if (locations.length === 0) return
      const { holder, field, index } = elementAt(draft, single(draft))
      deleteElement(holder, field, index, draft.emptied)
    },
  },
  replace: {
    parts: ['value'],
    perform: (draft: Draft) => {
      const location = single(draft)
      const { holder, field: old, index } = elementAt(draft, location)
      const { field, value } = sentFor(draft, holder, old.label)
      if (index === undefined) setElement(holder, field, value)
      else spliceList(holder.object, field, index, 1, value)
    },
  },
  move: {
    parts: ['source', 'destination'],
    perform: (draft: Draft) => {
      const { holder, field } = listAt(draft)
      const [source, destination] = [wholeNumber(draft, 'source'), wholeNumber(draft, 'destination')]
      if (Math.max(source, destination) >= lengthOf(holder, field))
        throw draft.refuse('its source or destination lies behind the end of the list')
      spliceList(holder.object, field, destination, 0, ...spliceList(holder.object, field, source, 1))
    },
  },
} as const satisfies Record<string, { parts: readonly string[]; perform: (draft: Draft) => void }>
