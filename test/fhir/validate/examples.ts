/**
 * HL7's own example resources, which lie beside the repository and not in it.
 * https://hl7.org/fhir/R4/resourcelist-examples.html
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Resource } from '../../../src/fhir/resource.ts'

const folder = fileURLToPath(new URL('../../../../shared/data/r4-examples', import.meta.url))

export const examplesAreThere = existsSync(folder)

/** As it was written, digits and all. */
export const exampleText = (name: string): string => readFileSync(`${folder}/${name}`, 'utf8')

/** File name and resource; none where the folder is absent. */
export function readExamples(): [string, Resource][] {
  const names = examplesAreThere ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
  return names.map((name) => [name, JSON.parse(exampleText(name)) as Resource])
}
