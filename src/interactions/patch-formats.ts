/**
 * The ways to say a patch: by the media type of the request, or by the resource that a Bundle's entry brings.
 * https://hl7.org/fhir/R4/http.html#patch
 */
import { fault } from '../base/fault.ts'
import { fhirpathPatchOf } from '../fhir/fhirpath-patch.ts'
import { parseJson } from '../fhir/json.ts'
import { jsonPatchOf } from '../fhir/json-patch.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { xmlPatchOf } from '../fhir/xml-patch.ts'
import type { House } from '../store/house.ts'

/** From the stored text to the patched one. Throws what cannot be done. */
export type Patching = (stored: string) => string | Promise<string>

type Said = Pick<FhirRequest, 'body' | 'text' | 'patchType'>

/** Throws where the patch itself is not in good order, before anything is looked at. */
export async function patchOf(house: House, { body, text = '', patchType }: Said): Promise<Patching> {
  if (patchType === 'application/json-patch+json') return jsonPatchOf(text)
  if (patchType === 'application/xml-patch+xml') return xmlPatchOf(house.definitions, text)
  const { resourceType, contentType, data } = (body ?? {}) as Readonly<Record<string, unknown>>
  if (resourceType === 'Parameters') return fhirpathPatchOf(house.definitions, text)
  // https://hl7.org/fhir/R4/http.html#patch: "in a batch or transaction, a Binary resource" wraps what is no resource.
  if (patchType === undefined && resourceType === 'Binary') return wrappedPatch(house, contentType, data)
  throw fault(
    'unsupported-media-type',
    'Send a JSON Patch as application/json-patch+json, an XML Patch as application/xml-patch+xml, or a FHIRPath Patch as Parameters in application/fhir+json.',
  )
}

function wrappedPatch(house: House, contentType: unknown, data: unknown): Promise<Patching> {
  if (typeof contentType !== 'string' || typeof data !== 'string')
    throw fault('required', 'A Binary that brings a patch has a contentType and data.', 'Binary')
  const text = Buffer.from(data, 'base64').toString('utf8')
  const isJson = contentType.includes('json')
  return patchOf(house, { patchType: contentType.split(';', 1)[0]?.trim().toLowerCase(), text, body: isJson ? parseJson(text) : undefined })
}
