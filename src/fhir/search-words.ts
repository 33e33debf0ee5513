/**
 * Search values that match word by word: tokens, references, uris. They become the words of index-values-types.ts.
 * https://hl7.org/fhir/R4/search.html#token #reference #uri
 * Left out: which parameters there are and how they chain (search-criterion.ts).
 */
import { fault } from '../base/fault.ts'
import type { Definitions, SearchParameter } from './definitions/types.ts'
import { localReference, relativeReference } from './reference.ts'
import { idPattern, storedTypes } from './resource.ts'
import { wordsOfCodes } from './search-codes.ts'
import { typesOfExpression } from './search-expression.ts'
import { isSearchedByText, normalizeText } from './search-text.ts'
import { parseToken, type TokenValue, unescaped } from './search-value.ts'
import { uriAndAbove, withoutSlash } from './uri-path.ts'
import type { Known } from './validate/profiles/known.ts'

/** What reading needs to know: `base` (no slash at its end) makes our own absolute references relative. */
export type Reading = {
  readonly definitions: Definitions
  readonly type: string
  readonly base?: string
  /** ValueSets and CodeSystems, those that the query names among them; without them no value may stand for a list of codes. */
  readonly known?: Known
  /** `_has` may lead through AuditEvents: whoever runs the search asks the audit first. */
  readonly audited?: boolean
}

/** A parameter as it was asked: the modifier taken off its name, the alternatives apart with their escapes still in. */
export type Asked = {
  readonly parameter: SearchParameter
  readonly modifier?: string
  readonly name: string
  readonly values: readonly string[]
}

export type Words = { readonly kind: 'words'; readonly code: string; readonly words: readonly string[]; readonly not: boolean }

/** Rows in which the text beside a code or a reference has a word that begins so; in several words, they and what follows. */
export type Texts = { readonly kind: 'text'; readonly code: string; readonly texts: readonly string[] }

/** Rows whose reference is one of `ids` of `target`, or is below (or above) one in that type's own hierarchy, led by `parent`. */
export type Tree = {
  readonly kind: 'tree'
  readonly code: string
  readonly target: string
  readonly parent: string
  readonly direction: 'above' | 'below'
  readonly ids: readonly string[]
}

export const unsupported = (name: string) =>
  fault(
    'value',
    `\`${name}\` has a modifier that this server does not know for that parameter. Leave it out, or use one that /metadata's parameter type allows.`,
    name,
  )

const words = (code: string, found: readonly string[], not = false): Words => ({ kind: 'words', code, words: found, not })

/** `:text`; undefined where it was not asked for. */
function parseTexts({ type }: Reading, { parameter: { code }, modifier, values }: Asked): Texts | undefined {
  if (modifier !== 'text' || !isSearchedByText(type)) return undefined
  const texts = values.map(unescaped).map(normalizeText).filter(Boolean)
  return { kind: 'text', code, texts }
}

export function parseTokens(reading: Reading, asked: Asked): Words | Texts {
  const { parameter, modifier, name, values } = asked
  const { code } = parameter
  const texts = parseTexts(reading, asked)
  if (texts) return texts
  if (modifier === 'of-type' && mayBeIdentifier(reading, parameter))
    return words(
      code,
      values.map((text) => ofTypeWord(code, name, text)),
    )
  const bare = isBare(reading, parameter)
  const codes = wordsOfCodes(reading.known, { code, modifier, name, values, bare })
  if (codes) return words(code, codes, modifier === 'not-in')
  if (modifier !== undefined && modifier !== 'not') throw unsupported(name)
  return words(
    code,
    values.flatMap((text) => tokenWords(code, parseToken(name, text), bare)),
    modifier === 'not',
  )
}

/** Where nobody can tell what an expression gives, it may. */
const mayBeIdentifier = ({ definitions, type }: Reading, parameter: SearchParameter): boolean =>
  typesOfExpression(definitions, type, parameter)?.has('Identifier') !== false

/** `identifier:of-type=system|code|value`: an identifier by its type and value. */
function ofTypeWord(code: string, name: string, text: string): string {
  const parts = text.split(/(?<!\\)\|/).map(unescaped)
  if (parts.length !== 3 || parts[1] === '' || parts[2] === '') throw fault('value', `\`${name}\` wants system|code|value.`, name)
  return `${code}:of-type=${parts.join('|')}`
}

const bareTypes: ReadonlySet<string> = new Set(['code', 'boolean', 'id', 'string', 'uri', 'http://hl7.org/fhirpath/System.String'])
const bareness = new WeakMap<SearchParameter, boolean>()

/** Whether the parameter's values are codes without a system in the JSON, whose system is implied by the binding. */
function isBare({ definitions, type }: Reading, parameter: SearchParameter): boolean {
  const known = bareness.get(parameter)
  if (known !== undefined) return known
  const types = typesOfExpression(definitions, type, parameter)
  const bare = types !== undefined && [...types].every((one) => bareTypes.has(one))
  bareness.set(parameter, bare)
  return bare
}

/** HL7's own systems, which bound codes come from. */
const impliedSystem = /^http:\/\/(hl7\.org\/fhir|terminology\.hl7\.org\/CodeSystem)\//

export function tokenWords(lead: string, { system, code }: TokenValue, bare: boolean): string[] {
  if (system === undefined || (bare && code !== undefined && (system === '' || impliedSystem.test(system)))) return [`${lead}=${code}`]
  return bare ? [] : [`${lead}=${system}|${code ?? ''}`]
}

/** The stored types that a reference parameter may point at. */
export const targetsOf = (parameter: SearchParameter): readonly string[] =>
  parameter.targets.length ? storedTypes.filter((type) => parameter.targets.includes(type)) : storedTypes

/** The types that a value without one may mean. A reference may well name what only another server has. */
const namedTypes = (parameter: SearchParameter): readonly string[] => (parameter.targets.length ? parameter.targets : storedTypes)

/** The type that a modifier names; where a parameter may point at anything, any name will do. */
const typeOf = ({ targets }: SearchParameter, modifier: string): readonly string[] =>
  (targets.length ? targets.includes(modifier) : /^[A-Z][A-Za-z]{1,63}$/.test(modifier)) ? [modifier] : []

export function parseReferences(reading: Reading, asked: Asked): Words | Tree | Texts {
  const { parameter, modifier, name, values } = asked
  const { code } = parameter
  const texts = parseTexts(reading, asked)
  if (texts) return texts
  if (modifier === 'identifier') {
    return words(
      code,
      values.flatMap((text) => tokenWords(`${code}:identifier`, parseToken(name, text), false)),
    )
  }
  if (modifier === 'below' && isCanonical(reading, parameter)) return canonicalsBelow(code, values)
  if (modifier === 'above' || modifier === 'below') return parseTree(reading, asked, modifier)
  const targets = modifier === undefined ? namedTypes(parameter) : typeOf(parameter, modifier)
  if (targets.length === 0) throw unsupported(name)
  return words(
    code,
    values.flatMap((text) => referenceWords(code, relativeReference(unescaped(text), reading.base), modifier, targets)),
  )
}

const isCanonical = ({ definitions, type }: Reading, parameter: SearchParameter): boolean =>
  typesOfExpression(definitions, type, parameter)?.has('canonical') === true

/** `url|1.2` is that version and every one that begins with it; without a version, all of them. */
const canonicalsBelow = (code: string, values: readonly string[]): Words =>
  words(
    code,
    values.map(unescaped).map((canonical) => (canonical.includes('|') ? `${code}:below=${canonical}` : `${code}=${canonical}`)),
  )

function referenceWords(code: string, reference: string, modifier: string | undefined, targets: readonly string[]): string[] {
  if (idPattern.test(reference)) return targets.map((type) => `${code}=${type}/${reference}`)
  const type = localReference(reference)?.type
  return modifier !== undefined && type !== undefined && type !== modifier ? [] : [`${code}=${reference}`]
}

/** The parameter by which resources of a type stand in a strict hierarchy. https://hl7.org/fhir/R4/search.html#recursive */
function parentOf({ definitions }: Reading, type: string): string | undefined {
  const parameters = definitions.searchParameters.get(type)
  return ['partof', 'part-of'].find((code) => parameters?.get(code)?.targets.includes(type))
}

function parseTree(reading: Reading, { parameter, name, values }: Asked, direction: Tree['direction']): Tree {
  const trees = targetsOf(parameter).flatMap((type) => {
    const parent = parentOf(reading, type)
    return parent ? [{ type, parent }] : []
  })
  const named = values.map((text) => relativeReference(unescaped(text), reading.base))
  const said = new Set(named.map((reference) => localReference(reference)?.type))
  const fitting = trees.filter(({ type }) => [...said].every((one) => one === undefined || one === type))
  const [tree] = fitting
  if (!tree) throw unsupported(name)
  if (fitting.length > 1) throw fault('value', `Say the type in \`${name}\`, for example ${tree.type}/1: several have a hierarchy.`, name)
  const ids = named.map((reference) => localReference(reference)?.id ?? reference)
  return { kind: 'tree', code: parameter.code, target: tree.type, parent: tree.parent, direction, ids }
}

export function parseUris({ parameter: { code }, modifier, name, values }: Asked): Words {
  const uris = values.map(unescaped)
  switch (modifier) {
    case undefined:
      return words(
        code,
        uris.map((uri) => `${code}=${uri}`),
      )
    case 'below':
      return words(
        code,
        uris.map((uri) => `${code}:below=${withoutSlash(uri)}`),
      )
    case 'above':
      return words(
        code,
        uris.flatMap((uri) => uriAndAbove(uri)).flatMap((uri) => [`${code}=${uri}`, `${code}=${uri}/`]),
      )
    default:
      throw unsupported(name)
  }
}
