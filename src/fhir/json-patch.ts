/**
 * JSON Patch: https://datatracker.ietf.org/doc/html/rfc6902, as FHIR uses it: https://hl7.org/fhir/R4/http.html#patch
 *
 * Where an operation points is settled here, strictly by RFC 6901, before `rfc6902` makes the edit: it would take `/name/length`
 * for an index, and what JavaScript objects inherit for properties. Numbers keep their digits.
 */
import { applyPatch } from 'rfc6902'
import { fault } from '../base/fault.ts'
import { bodyBytesMax, patchOperationsMax } from '../base/limits.ts'
import { type Emptied, withoutEmptied } from './emptied.ts'
import { exactText, parseExact, sameValue } from './exact-json.ts'

type Operation = { readonly op: string; readonly path: string; readonly from?: string; readonly value?: unknown }

/** Where a pointer leads: `parent[key]`, whether or not there is something. */
type Place = { readonly parent: object; readonly key: string; readonly there: boolean }

/** The document that operations change, and what they have left empty; `copied` counts the characters that copies have added. */
type Draft = { readonly document: unknown; readonly emptied: Emptied; copied: number }

/** The operations of a patch, each in good order. Throws where they are not. */
export function jsonPatchOf(text: string): (stored: string) => string {
  const operations = operationsOf(parseExact(text))
  return (stored) => {
    const draft: Draft = { document: parseExact(stored), emptied: new Set(), copied: 0 }
    for (const [index, operation] of operations.entries()) perform[operation.op]?.(draft, operation, lookFor(draft, operation, index))
    withoutEmptied(draft.document, draft.emptied)
    return exactText(draft.document)
  }
}

const needs: Readonly<Record<string, 'value' | 'from' | undefined>> = {
  add: 'value',
  remove: undefined,
  replace: 'value',
  move: 'from',
  copy: 'from',
  test: 'value',
}

function operationsOf(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw fault('structure', 'A JSON Patch is a JSON array of operations.')
  if (patch.length > patchOperationsMax) throw fault('too-costly', `A patch has at most ${patchOperationsMax} operations.`)
  return patch.map(operationOf)
}

function operationOf(value: unknown, index: number): Operation {
  const wrong = (what: string): Error => fault('structure', `Operation ${index + 1} of the patch ${what}.`)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('is no object')
  const { op, path, from } = value as Partial<Operation>
  if (typeof op !== 'string' || !Object.hasOwn(needs, op)) throw wrong(`has no known "op": it is one of ${Object.keys(needs).join(', ')}`)
  if (!isPointer(path)) throw wrong('has no "path" that is a JSON Pointer, such as /status')
  if (needs[op] === 'from' && !isPointer(from)) throw wrong('has no "from" that is a JSON Pointer')
  if (needs[op] === 'value' && !Object.hasOwn(value, 'value')) throw wrong('has no "value"')
  return value as Operation
}

/** RFC 6901 3: a tilde is always an escape. */
const isPointer = (path: unknown): path is string => typeof path === 'string' && /^(?:\/(?:[^~/]|~[01])*)*$/.test(path)

/** How one operation looks around; each throws in the operation's name. */
type Look = {
  readonly refuse: (what: string) => Error
  /** Where something may be put. */
  readonly place: (pointer: string) => Place
  /** Where there is something. */
  readonly existing: (pointer: string) => Place
}

function lookFor(draft: Draft, { op }: Operation, index: number): Look {
  const refuse = (what: string): Error => fault('processing', `Operation ${index + 1} of the patch (${op}) cannot be done: ${what}.`)
  const place = (pointer: string): Place => {
    const found = placeOf(draft.document, pointer)
    if (!found) throw refuse(`nothing leads to ${pointer.slice(0, 200) || 'the whole resource'}`)
    return found
  }
  const existing = (pointer: string): Place => {
    const found = place(pointer)
    if (!found.there) throw refuse(`there is nothing at ${pointer.slice(0, 200)}`)
    return found
  }
  return { refuse, place, existing }
}

const perform: Readonly<Record<string, (draft: Draft, operation: Operation, look: Look) => void>> = {
  test: ({ document }, { path, value }, { existing, refuse }) => {
    if (!sameValue(path === '' ? document : valueAt(existing(path)), value))
      throw refuse('what is there is not what the patch expects. Read the resource again')
  },
  add: (draft, { path, value }, { place }) => {
    place(path)
    edit(draft, { op: 'add', path, value })
  },
  replace: (draft, { path, value }, { existing }) => {
    existing(path)
    edit(draft, { op: 'replace', path, value })
  },
  remove: (draft, { path }, { existing }) => remove(draft, existing(path), path),
  copy: (draft, { path, from = '' }, { existing, place }) => {
    const value = valueAt(existing(from))
    place(path)
    copy(draft, value, path)
  },
  // As RFC 6902 4.4 has it: where it goes is looked for when it has been taken away.
  move: (draft, { path, from = '' }, { existing, place, refuse }) => {
    if (path.startsWith(`${from}/`)) throw refuse('an element cannot be moved into itself')
    const source = existing(from)
    const value = valueAt(source)
    remove(draft, source, from)
    place(path)
    edit(draft, { op: 'add', path, value })
  },
}

const valueAt = ({ parent, key }: Place): unknown => (parent as Record<string, unknown>)[key]

/** A list may be added to behind its end; nothing else can be named that is not there. */
function placeOf(document: unknown, pointer: string): Place | undefined {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const key = steps.pop()
  if (key === undefined) return undefined
  let parent: unknown = document
  for (const step of steps) {
    const next = typeof parent === 'object' && parent !== null ? stepInto(parent, step) : undefined
    if (!next?.there) return undefined
    parent = valueAt(next)
  }
  return typeof parent === 'object' && parent !== null ? stepInto(parent, key) : undefined
}

function stepInto(parent: object, key: string): Place | undefined {
  if (!Array.isArray(parent)) return key === '__proto__' ? undefined : { parent, key, there: Object.hasOwn(parent, key) }
  if (key === '-') return { parent, key, there: false }
  const isIndex = /^(?:0|[1-9]\d{0,8})$/.test(key) && Number(key) <= parent.length
  return isIndex ? { parent, key, there: Number(key) < parent.length } : undefined
}

/** The library clones what it puts in, so that no part of the patch is shared by two places. */
function edit(draft: Draft, operation: { op: 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string }): void {
  const [error] = applyPatch(draft.document, [operation])
  if (error) throw fault('processing', 'The patch cannot be applied.')
}

function remove(draft: Draft, { parent }: Place, path: string): void {
  draft.emptied.add(parent)
  edit(draft, { op: 'remove', path })
}

/** A patch that copies a list into itself again and again would fill the memory. */
function copy(draft: Draft, value: unknown, path: string): void {
  draft.copied += exactText(value).length
  if (draft.copied > bodyBytesMax) throw fault('too-costly', 'The patch copies more than a resource can hold.')
  edit(draft, { op: 'add', path, value })
}
