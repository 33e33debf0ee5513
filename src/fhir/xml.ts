/**
 * FHIR's two formats, each made of the other: element by element in the order and with the types that the definitions
 * give, so that nothing is guessed, decimals keep their digits, and a narrative keeps its text.
 * https://hl7.org/fhir/R4/xml.html
 *
 * Left out: comments and processing instructions outside narratives, which JSON has no place for.
 * Reader and writer are loaded with the first XML that comes by; JSON never sees them.
 */
import { withUnserved } from './definitions/load-unserved.ts'
import type { Definitions } from './definitions/types.ts'

/** The resource, given as JSON text, as an XML document. */
export async function toXml(definitions: Definitions, json: string, pretty = false): Promise<string> {
  const { writeXml } = await import('./xml/write-xml.ts')
  return writeXml(await reaching(definitions, json.matchAll(/"resourceType"\s*:\s*"([A-Za-z]+)"/g)), json, pretty)
}

/** A resource in XML as JSON text; a Fault says what is wrong with it. Whether it is valid is for `validate` to say. */
export async function fromXml(definitions: Definitions, xml: string): Promise<string> {
  const { readXml } = await import('./xml/read-xml.ts')
  return readXml(await reaching(definitions, xml.matchAll(/<([A-Z][A-Za-z]+)[\s/>]/g)), xml)
}

/** Only resources have elements with a capital. */
async function reaching(definitions: Definitions, names: Iterable<RegExpExecArray>): Promise<Definitions> {
  for (const [, name = ''] of names) if (!definitions.types.has(name)) return withUnserved(definitions)
  return definitions
}
