/**
 * FHIRPath and its model of R4, loaded when an expression first asks for them. https://hl7.org/fhir/R4/fhirpath.html
 * They take 20 MB, and most servers never ask: the constraints and search expressions that are met often are functions of
 * ours. Required rather than imported, since whoever asks is in the midst of judging a resource and cannot wait.
 */
import { createRequire } from 'node:module'
import type fhirpathLibrary from 'fhirpath'
import type { Model } from 'fhirpath'

const require = createRequire(import.meta.url)
const loaded: { fhirpath?: typeof fhirpathLibrary; r4?: Model } = {}

export function fhirpath(): typeof fhirpathLibrary {
  loaded.fhirpath ??= require('fhirpath') as typeof fhirpathLibrary
  return loaded.fhirpath
}

export function r4(): Model {
  loaded.r4 ??= require('fhirpath/fhir-context/r4') as Model
  return loaded.r4
}
