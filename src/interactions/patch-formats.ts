/**
 * The ways to say a patch, by the media type of the request. https://hl7.org/fhir/R4/http.html#patch
 */
import { fault } from '../base/fault.ts'
import { jsonPatchOf } from '../fhir/json-patch.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { House } from '../store/house.ts'

/** From the stored text to the patched one. Throws what cannot be done. */
export type Patching = (stored: string) => string

type Said = Pick<FhirRequest, 'type' | 'body' | 'text' | 'patchType'>

/** Throws where the patch itself is not in good order, before anything is looked at. */
export async function patchOf(_house: House, { text = '', patchType }: Said): Promise<Patching> {
  if (patchType === 'application/json-patch+json') return jsonPatchOf(text)
  throw fault('unsupported-media-type', 'Send a JSON Patch as application/json-patch+json.')
}
