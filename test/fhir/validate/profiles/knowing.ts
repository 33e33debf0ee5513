/** Profiles, ValueSets and CodeSystems as validation knows them, from an array instead of a database. */
import { join } from 'node:path'
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts'
import { loadProfiles } from '../../../../src/fhir/profiles.ts'
import type { Resource } from '../../../../src/fhir/resource.ts'
import { type Known, urlOf } from '../../../../src/fhir/validate/profiles/known.ts'
import { type Asked, checkProfiles } from '../../../../src/fhir/validate/profiles/profiles.ts'
import { readStructure } from '../../../../src/fhir/validate/profiles/structure-definition.ts'
import { validate } from '../../../../src/fhir/validate/validate.ts'

export const definitions = loadDefinitions()
export const ours = loadProfiles(join(import.meta.dirname, '../../../../fhir-profiles'))

export function knowing(...resources: readonly Resource[]): Known {
  const of = (type: string) => new Map(resources.filter((one) => one.resourceType === type).map((one) => [String(one.url), one]))
  const structures = new Map([...of('StructureDefinition')].map(([url, one]) => [url, readStructure(one)]))
  const [valueSets, codeSystems] = [of('ValueSet'), of('CodeSystem')]
  return {
    definitions,
    structure: (canonical) => structures.get(urlOf(canonical)),
    valueSet: (canonical) => valueSets.get(urlOf(canonical)),
    codeSystem: (canonical) => codeSystems.get(urlOf(canonical)),
  }
}

/** `severity code expression` of each issue, the base validation's errors before those of the profiles. */
export function said(known: Known, resource: Resource, asked: Asked = {}): string[] {
  const base = validate(definitions, resource).filter((issue) => issue.severity === 'error')
  return [...base, ...checkProfiles(known, resource, asked).issues].map((one) => `${one.severity} ${one.code} ${one.expression}`)
}

type Json = Readonly<Record<string, unknown>>

const url = (id: string): string => `https://example.org/StructureDefinition/${id}`

/** A profile of `type` from the elements of its differential, each by its id. */
export function profile(id: string, type: string, elements: Readonly<Record<string, Json>>, more: Json = {}): Resource {
  const element = Object.entries(elements).map(([at, one]) => ({ id: at, path: at.replaceAll(/:[^.]+/g, ''), ...one }))
  return {
    resourceType: 'StructureDefinition',
    url: url(id),
    name: id,
    status: 'active',
    kind: 'resource',
    abstract: false,
    type,
    baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
    derivation: 'constraint',
    differential: { element },
    ...more,
  }
}
