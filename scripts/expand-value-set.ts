/**
 * Lists the codes of a ValueSet, as far as the CodeSystems that it draws on are written out in the definitions.
 * https://hl7.org/fhir/R4/valueset.html#compositions
 * Filters, imported ValueSets and systems kept elsewhere (MIME types, ISO currencies) make a ValueSet that cannot be listed.
 */
import { readBundle, type SourceConcept, type SourceInclude, type SourceTerminology } from './definitions-source.ts'

type Terminologies = ReadonlyMap<string, SourceTerminology>

/** Every ValueSet and CodeSystem of the definitions, by `type canonical`. */
export function knownTerminologies(): Terminologies {
  const files = ['valuesets.json', 'v2-tables.json', 'v3-codesystems.json']
  const resources = files.flatMap((file) => readBundle<SourceTerminology>(file))
  return new Map(resources.map((one) => [`${one.resourceType} ${one.url}`, one]))
}

const conceptCodes = (concepts: readonly SourceConcept[]): string[] =>
  concepts.flatMap((concept) => [concept.code, ...conceptCodes(concept.concept ?? [])])

function codesOf(include: SourceInclude, known: Terminologies): string[] | undefined {
  if (include.concept) return include.concept.map((concept) => concept.code)
  const system = known.get(`CodeSystem ${include.system}`)
  const listed = system?.content === 'complete' && !include.filter && !include.valueSet
  return listed ? conceptCodes(system.concept ?? []) : undefined
}

/** The codes of a ValueSet, or undefined where it is not in the package or its systems cannot be listed (MIME types, currencies). */
export function expand(url: string, known: Terminologies): string[] | undefined {
  const valueSet = known.get(`ValueSet ${url}`)
  if (!valueSet || valueSet.compose?.exclude) return undefined
  const parts = (valueSet.compose?.include ?? []).map((include) => codesOf(include, known))
  return parts.length > 0 && parts.every((part) => part !== undefined) ? [...new Set(parts.flat())] : undefined
}

/** The one CodeSystem whose codes the ValueSet lists, all of them and no others; undefined where it draws on more or on less. */
export function wholeSystem(url: string, known: Terminologies): string | undefined {
  const include = known.get(`ValueSet ${url}`)?.compose?.include ?? []
  const [only] = include
  return only?.system && include.length === 1 && !only.concept && !only.filter && !only.valueSet ? only.system : undefined
}
