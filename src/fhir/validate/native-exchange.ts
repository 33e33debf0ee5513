/**
 * The specification's constraints on what carries others, by hand: Bundle, Parameters, and the elements of a
 * StructureDefinition. https://hl7.org/fhir/R4/bundle.html and https://hl7.org/fhir/R4/elementdefinition.html
 */
import { has, hasChoice, isSurely, type Json, lacks, list, type Native, object } from './native.ts'

const bundleTypes = ['batch', 'transaction', 'history']
const answerTypes = ['batch-response', 'transaction-response', 'history']

/** Every entry has `part` just where the Bundle is of one of `types`. */
const perEntry = (key: string, part: string, types: readonly string[]): Native => ({
  key,
  expression: `entry.all(${part}.exists() = (${types.map((type) => `%resource.type = '${type}'`).join(' or ')}))`,
  holds: (bundle) =>
    bundle.type === undefined || list(bundle.entry).every((entry) => has(entry, part) === types.includes(String(bundle.type))),
})

function isDistinct(bundle: Json): boolean {
  const named = list(bundle.entry).filter((entry) => has(entry, 'fullUrl'))
  const versions = named.map((entry) => `${entry.fullUrl ?? ''}${object(object(entry.resource).meta).versionId ?? ''}`)
  return new Set(versions).size === versions.length
}

/** `type = '…' implies …`: where the type is not there, FHIRPath has no answer, and nothing is refused. */
const ofType = (key: string, type: string, expression: string, holds: (bundle: Json) => boolean): Native => ({
  key,
  expression: `type = '${type}' implies ${expression}`,
  holds: (bundle) => bundle.type !== type || holds(bundle),
})

const beginsWith = (key: string, type: string, resourceType: string): Native =>
  ofType(
    key,
    type,
    `entry.first().resource.is(${resourceType})`,
    ({ entry }) =>
      list(entry).length === 0 ||
      lacks(object(list(entry)[0]), 'resource') ||
      object(list(entry)[0]?.resource).resourceType === resourceType,
  )

/**
 * The patterns of StructureDefinition's elements have escapes that a Unicode regular expression refuses, so that `fhirpath`
 * throws on them. Here they match the whole text, as they were meant to.
 */
const step = `[^\\s.,:;'"/|?!@#$%&*()[\\]{}]{1,64}`
const legalPath = new RegExp(`^${step}(?:\\.${step}(?:\\[x\\])?(?::[^\\s.]+)?)*$`)
const plainPath = /^[A-Za-z][A-Za-z0-9]*(?:\.[a-z][A-Za-z0-9]*(?:\[x])?)*$/
const sliceName = /^[a-zA-Z0-9/\-_[\]@]+$/

const matching = (key: string, element: string, pattern: RegExp, expression: string): Native => ({
  key,
  expression,
  holds: (value) => value[element] === undefined || pattern.test(String(value[element])),
})

const definitions: readonly Native[] = [
  matching('eld-16', 'sliceName', sliceName, String.raw`sliceName.empty() or sliceName.matches('^[a-zA-Z0-9\\/\\-_\\[\\]\\@]+$')`),
  matching(
    'eld-19',
    'path',
    legalPath,
    String.raw`path.matches('[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\.[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*')`,
  ),
  matching('eld-20', 'path', plainPath, String.raw`path.matches('[A-Za-z][A-Za-z0-9]*(\\.[a-z][A-Za-z0-9]*(\\[x])?)*')`),
]

const exchange: readonly Native[] = [
  {
    key: 'bdl-1',
    expression: "total.empty() or (type = 'searchset') or (type = 'history')",
    holds: (bundle) => lacks(bundle, 'total') || isSurely(bundle, 'type', ['searchset', 'history']),
  },
  {
    key: 'bdl-2',
    expression: "entry.search.empty() or (type = 'searchset')",
    holds: (bundle) => isSurely(bundle, 'type', ['searchset']) || list(bundle.entry).every((entry) => lacks(entry, 'search')),
  },
  perEntry('bdl-3', 'request', bundleTypes),
  perEntry('bdl-4', 'response', answerTypes),
  {
    key: 'bdl-5',
    expression: 'resource.exists() or request.exists() or response.exists()',
    holds: (entry) => ['resource', 'request', 'response'].some((element) => has(entry, element)),
  },
  {
    key: 'bdl-7',
    expression: "(type = 'history') or entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()",
    holds: (bundle) => isSurely(bundle, 'type', ['history']) || isDistinct(bundle),
  },
  {
    key: 'bdl-8',
    expression: "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    holds: (entry) => !String(entry.fullUrl ?? '').includes('/_history/'),
  },
  ofType(
    'bdl-9',
    'document',
    '(identifier.system.exists() and identifier.value.exists())',
    ({ identifier }) => has(object(identifier), 'system') && has(object(identifier), 'value'),
  ),
  ofType('bdl-10', 'document', '(timestamp.hasValue())', ({ timestamp }) => timestamp !== undefined),
  beginsWith('bdl-11', 'document', 'Composition'),
  beginsWith('bdl-12', 'message', 'MessageHeader'),
  {
    key: 'inv-1',
    expression: '(part.exists() and value.empty() and resource.empty()) or (part.empty() and (value.exists() xor resource.exists()))',
    holds: (parameter) => {
      const [value, resource] = [hasChoice(parameter, 'value'), has(parameter, 'resource')]
      return has(parameter, 'part') ? !value && !resource : value !== resource
    },
  },
]

export const nativeExchange: readonly Native[] = [...definitions, ...exchange]
