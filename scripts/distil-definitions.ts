/**
 * Distils the part of the FHIR R4 definitions that the server works from into `src/fhir/definitions/r4.json`, so that the
 * 93 MB they come from never reach production; and into `r4-unserved.json` every type that is not
 * served and may yet be contained in one that is. https://hl7.org/fhir/R4/downloads.html
 *
 *   node scripts/distil-definitions.ts           writes the files
 *   node scripts/distil-definitions.ts --check   exits 1 where a committed file differs
 *
 * Only HL7's own files are read, and what the package adds to them for its own server is taken out again. Search parameters
 * of the project's own come from `fhir-profiles/`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import type { ElementDefinition, ElementType, Invariant, SearchParameter, TypeDefinition } from '../src/fhir/definitions/types.ts'
import { servedTypes } from '../src/fhir/resource.ts'
import {
  ownSearchParameters,
  readBundle,
  readSource,
  type SourceCompartment,
  type SourceElement,
  type SourceSearchParameter,
  type SourceStructure,
  type SourceType,
} from './definitions-source.ts'
import { expand, knownTerminologies, wholeSystem } from './expand-value-set.ts'

const fileOf = (name: string): URL => new URL(`../src/fhir/definitions/${name}`, import.meta.url)
const core = 'http://hl7.org/fhir/StructureDefinition/'
const wrappers = ['Bundle', 'CapabilityStatement', 'OperationOutcome', 'Parameters', 'Resource', 'DomainResource']

/** Elements that are not in FHIR R4: the package's own, and one that it took over from R5. */
const notInR4 = /^(Meta\.(project|author|onBehalfOf|accounts?|compartment|deleted)|Binary\.url|HealthcareService\.offeredIn)$/

/** A reference that R4 does not allow and the package does, in a place where it looks like HL7's. */
const targetNotInR4: Readonly<Record<string, string>> = { 'AuditEvent.source.observer': 'Subscription' }

/** A type that the package has narrowed. */
const typeInR4: Readonly<Record<string, string>> = { 'Bundle.entry.response.outcome': 'Resource' }

/** Checked by hand-written code on every element or resource; dom-6 asks for a narrative, which is only best practice. */
const checkedNatively = /^(ele-1|ext-1|dom-\d)$/

/** Free text is searched in the body or not at all; `_query` names queries, of which there are none. */
const notSearched = new Set(['_text', '_content', '_query'])

/**
 * HL7's patterns for these take `\S` to include the no-break space, as Java does, or backtrack without end; the same
 * languages are said here so that JavaScript matches them in linear time. xhtml has no pattern of its own.
 */
const text = '[^\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F]+'
const patternsOfOurs: Readonly<Record<string, string>> = {
  string: text,
  markdown: text,
  xhtml: text,
  base64Binary: '[0-9a-zA-Z+/=\\s]+',
}

const sorted = <T>(entries: Iterable<[string, T]>): Record<string, T> =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

const typeName = (profile: string): string => profile.slice(core.length)

function elementType(type: SourceType, path: string): ElementType {
  const fhirType = type.extension?.find((one) => one.url.endsWith('structuredefinition-fhir-type'))?.valueUrl
  const profiles = type.code === 'Reference' ? (type.targetProfile ?? []) : []
  const named = profiles.filter((profile) => profile.startsWith(core)).map(typeName)
  const targets = named.filter((target) => targetNotInR4[path] !== target)
  const code = typeInR4[path] ?? fhirType ?? type.code
  return targets.length > 0 && !targets.includes('Resource') ? { code, targets } : { code }
}

/** A quantity narrowed to SimpleQuantity may not have a comparator (sqty-1). */
const simpleQuantity: Invariant = {
  key: 'sqty-1',
  severity: 'error',
  human: 'The comparator is not used on a SimpleQuantity',
  expression: 'comparator.empty()',
}

function invariantsOf(element: SourceElement): Invariant[] {
  const stated = (element.constraint ?? [])
    .filter((one) => one.expression && !checkedNatively.test(one.key))
    .map((one) => ({ key: one.key, severity: one.severity, human: one.human, expression: one.expression ?? '' }))
  const simple = element.type?.some((type) => type.profile?.includes(`${core}SimpleQuantity`))
  return simple ? [...stated, simpleQuantity] : stated
}

function elementOf(element: SourceElement, all: readonly SourceElement[], resourceKind: boolean): ElementDefinition {
  const name = element.path.slice(element.path.lastIndexOf('.') + 1)
  const choice = name.endsWith('[x]')
  const own = (element.type ?? []).map((type) => elementType(type, element.path))
  const isResourceId = resourceKind && /^[A-Za-z]+\.id$/.test(element.path)
  const invariants = invariantsOf(element)
  const elements = childrenOf(element.path, all, resourceKind)
  return {
    name: name.replace('[x]', ''),
    min: element.min,
    max: element.max === '*' ? '*' : Number(element.max),
    types: isResourceId ? [{ code: 'id' }] : own,
    ...(choice && { choice }),
    ...(element.isSummary && { summary: true as const }),
    ...(element.binding?.strength === 'required' && { binding: element.binding.valueSet?.split('|')[0] }),
    ...(invariants.length > 0 && { invariants }),
    ...(elements.length > 0 && { elements }),
    ...(element.contentReference && { contentReference: element.contentReference }),
  }
}

function childrenOf(parent: string, all: readonly SourceElement[], resourceKind: boolean): ElementDefinition[] {
  return all
    .filter((one) => one.path.startsWith(`${parent}.`) && !one.path.slice(parent.length + 1).includes('.'))
    .filter((one) => !notInR4.test(one.path) && one.max !== '0')
    .map((one) => elementOf(one, all, resourceKind))
}

function typeOf(definition: SourceStructure): TypeDefinition {
  const all = definition.snapshot.element
  return {
    name: definition.name,
    kind: definition.kind === 'resource' ? 'resource' : 'complex-type',
    elements: childrenOf(definition.name, all, definition.kind === 'resource'),
    invariants: all[0] ? invariantsOf(all[0]) : [],
  }
}

const typesUsed = (elements: readonly ElementDefinition[]): string[] =>
  elements.flatMap((element) => [...element.types.map((type) => type.code), ...typesUsed(element.elements ?? [])])

/** The served types, what carries them, and every datatype that they need. */
function distilTypes(all: readonly SourceStructure[]): Map<string, TypeDefinition> {
  const byName = new Map(all.map((one) => [one.name, one]))
  const types = new Map<string, TypeDefinition>()
  const wanted = [...servedTypes, ...wrappers]
  for (const name of wanted) {
    const definition = byName.get(name)
    if (!definition) throw new Error(`${name} is not defined in the package`)
    if (definition.kind === 'primitive-type' || types.has(name)) continue
    const type = typeOf(definition)
    types.set(name, type)
    wanted.push(...typesUsed(type.elements))
  }
  return types
}

function distilPrimitives(all: readonly SourceStructure[]): [string, string][] {
  return all
    .filter((one) => one.kind === 'primitive-type')
    .map((one) => {
      const value = one.snapshot.element.find((element) => element.path.endsWith('.value'))
      const pattern = value?.type?.[0]?.extension?.find((extension) => extension.url.endsWith('/regex'))?.valueString
      const chosen = patternsOfOurs[one.name] ?? pattern
      if (chosen === undefined) throw new Error(`${one.name} has no pattern`)
      return [one.name, chosen]
    })
}

/** `A.x | (A.y as Quantity) | B.z` cut at the bars that are outside brackets and quotes. */
function unionParts(expression: string): string[] {
  const parts = ['']
  let depth = 0
  let quoted = false
  for (const letter of expression) {
    if (letter === "'") quoted = !quoted
    if (!quoted && letter === '(') depth++
    if (!quoted && letter === ')') depth--
    if (letter === '|' && depth === 0 && !quoted) parts.push('')
    else parts.push((parts.pop() ?? '') + letter)
  }
  return parts.map((part) => part.trim())
}

function expressionFor(type: string, parameter: SourceSearchParameter): string {
  const whole = (parameter.expression ?? '').replace(/\b(Resource|DomainResource)\./g, `${type}.`)
  const parts = unionParts(whole).filter((part) => new RegExp(`^\\(*${type}(\\.|$)`).test(part))
  if (parts.length === 0) throw new Error(`${parameter.url} says nothing of ${type}`)
  return parts.join(' | ')
}

function componentOf({ definition, expression }: { definition: string; expression: string }, all: readonly SourceSearchParameter[]) {
  const named = all.find((one) => one.url === definition)
  if (!named) throw new Error(`${definition} is not defined in the package`)
  return { type: named.type, expression }
}

function searchParametersOf(type: string, all: readonly SourceSearchParameter[]): Record<string, SearchParameter> {
  const isResourceOnly = type === 'Binary'
  const bases = new Set([type, 'Resource', ...(isResourceOnly ? [] : ['DomainResource'])])
  const found = new Map<string, SearchParameter>()
  for (const one of all.filter((each) => each.base.some((base) => bases.has(base)) && !notSearched.has(each.code))) {
    if (found.has(one.code)) throw new Error(`${type} has two search parameters named ${one.code}`)
    const anyTarget = (one.target ?? []).length > 100
    const expression = expressionFor(type, one)
    const components = (one.component ?? []).map((part) => componentOf(part, all))
    found.set(one.code, {
      code: one.code,
      type: one.type,
      expression,
      targets: anyTarget ? [] : (one.target ?? []),
      url: one.url,
      ...(components.length > 0 && { components }),
    })
  }
  return sorted(found)
}

const bindingsOf = (elements: readonly ElementDefinition[]): string[] =>
  elements.flatMap((element) => [...(element.binding ? [element.binding] : []), ...bindingsOf(element.elements ?? [])])

function distilValueSets(types: ReadonlyMap<string, TypeDefinition>): [string, string[]][] {
  const known = knownTerminologies()
  const bound = [...types.values()].flatMap((type) => bindingsOf(type.elements))
  const urls = new Set([...bound, 'http://hl7.org/fhir/ValueSet/resource-types'])
  return [...urls].flatMap((url) => {
    const codes = expand(url, known)
    return codes ? [[url, codes] as [string, string[]]] : []
  })
}

/** Several ValueSets may list one system: the first by name speaks for it. */
function distilCodeSystems(valueSets: readonly string[]): [string, string][] {
  const known = knownTerminologies()
  const listed = valueSets.toSorted().toReversed()
  return listed.flatMap((url) => {
    const system = wholeSystem(url, known)
    return system ? [[system, url] as [string, string]] : []
  })
}

const placedIn = ({ resource }: SourceCompartment): [string, readonly string[]][] =>
  resource.filter((one) => servedTypes.includes(one.code) && (one.param ?? []).length > 0).map((one) => [one.code, one.param ?? []])

/** HL7's file of profiles holds the CompartmentDefinitions too; the Patient's has a file of its own. */
const distilCompartments = (): [string, Record<string, readonly string[]>][] =>
  readBundle<SourceCompartment>('profiles-resources.json')
    .filter((one) => one.resourceType === 'CompartmentDefinition' && one.code !== 'Patient')
    .map((one) => [one.code, sorted(placedIn(one))])

/** One line for each entry, so that a difference between two versions can be read. */
function lines(section: Record<string, unknown>, indent: string): string {
  return Object.entries(section)
    .map(([key, value]) => `${indent}${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(',\n')
}

function blocks(section: Record<string, Record<string, unknown>>): string {
  return Object.entries(section)
    .map(([key, value]) => `    ${JSON.stringify(key)}: {\n${lines(value, '      ')}\n    }`)
    .join(',\n')
}

const structures = () => ({
  resources: readBundle<SourceStructure>('profiles-resources.json').filter((one) => one.resourceType === 'StructureDefinition'),
  datatypes: readBundle<SourceStructure>('profiles-types.json').filter((one) => one.derivation !== 'constraint'),
})

/** The whole of `r4.json`, as text. */
export function distil(): string {
  const { resources, datatypes } = structures()
  const types = distilTypes([...datatypes, ...resources])
  const parameters = [...readBundle<SourceSearchParameter>('search-parameters.json'), ...ownSearchParameters()]
  const searched = servedTypes.map((type): [string, Record<string, SearchParameter>] => [type, searchParametersOf(type, parameters)])
  const valueSets = distilValueSets(types)
  const sections = [
    `  "types": {\n${lines(sorted(types), '    ')}\n  }`,
    `  "primitives": {\n${lines(sorted(distilPrimitives(datatypes)), '    ')}\n  }`,
    `  "searchParameters": {\n${blocks(sorted(searched))}\n  }`,
    `  "valueSets": {\n${lines(sorted(valueSets), '    ')}\n  }`,
    `  "codeSystems": {\n${lines(sorted(distilCodeSystems(valueSets.map(([url]) => url))), '    ')}\n  }`,
    `  "patientCompartment": {\n${lines(sorted(placedIn(readSource('compartmentdefinition-patient.json'))), '    ')}\n  }`,
    `  "compartments": {\n${blocks(sorted(distilCompartments()))}\n  }`,
  ]
  return `{\n${sections.join(',\n')}\n}\n`
}

/** The whole of `r4-unserved.json`, as text: what `r4.json` does not have. */
export function distilUnserved(): string {
  const { resources, datatypes } = structures()
  const served = distilTypes([...datatypes, ...resources])
  // The package takes SubscriptionStatus over from R4B.
  const isWanted = ({ name, kind }: SourceStructure): boolean =>
    (kind === 'resource' || kind === 'complex-type') && !served.has(name) && name !== 'SubscriptionStatus'
  const types = new Map([...datatypes, ...resources].filter(isWanted).map((one) => [one.name, typeOf(one)]))
  const known = new Set(distilValueSets(served).map(([url]) => url))
  const valueSets = distilValueSets(types).filter(([url]) => !known.has(url))
  return `{\n  "types": {\n${lines(sorted(types), '    ')}\n  },\n  "valueSets": {\n${lines(sorted(valueSets), '    ')}\n  }\n}\n`
}

function keep(check: boolean, name: string, distilled: string): boolean {
  if (!check) writeFileSync(fileOf(name), distilled)
  const same = readFileSync(fileOf(name), 'utf8') === distilled
  process.stdout.write(
    same ? `${name}: ${distilled.length} bytes, as distilled\n` : `${name} differs: run node scripts/distil-definitions.ts\n`,
  )
  return same
}

function main(check: boolean): number {
  const same = [keep(check, 'r4.json', distil()), keep(check, 'r4-unserved.json', distilUnserved())]
  return same.every(Boolean) ? 0 : 1
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'))
