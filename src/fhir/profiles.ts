/**
 * Our own conformance resources: the profiles, extensions and operations of `fhir-profiles/`, one a file. The server
 * serves and lists what is found there, so these files are the contract and not a drawing of it. Examples stand in a
 * folder below and are not read. https://hl7.org/fhir/R4/conformance-module.html
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformanceTypes, idPattern, type Resource } from './resource.ts'

/** Every conformance resource of a folder, in the order of their file names. A file that is none stops the start. */
export function loadProfiles(dir: string): Resource[] {
  const files = readdirSync(dir).filter((name) => name.endsWith('.json'))
  return files.toSorted().map((name) => readProfile(join(dir, name)))
}

function readProfile(file: string): Resource {
  const resource: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isConformance(resource)) throw new Error(`${file} must be a ${conformanceTypes.join(', ')} with an id and a url.`)
  return resource
}

function isConformance(value: unknown): value is Resource {
  if (typeof value !== 'object' || value === null) return false
  const { resourceType, id, url } = value as Partial<Resource>
  return conformanceTypes.some((type) => type === resourceType) && idPattern.test(id ?? '') && typeof url === 'string'
}
