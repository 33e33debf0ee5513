/**
 * How sure it is that two Patients are one person: a probability, and the grade of
 * http://hl7.org/fhir/StructureDefinition/match-grade. https://hl7.org/fhir/R4/patient-operation-match.html
 * Certain is more than probable enough: what names a person must agree, and nothing that names one may speak against it.
 */
import type { Resource } from '../resource.ts'
import { type Comparison, compare } from './compare.ts'
import { priorBits, weightAgainst, weightOf } from './weights.ts'

export type Grade = 'certain' | 'probable' | 'possible' | 'certainly-not'
export type Match = { readonly grade: Grade; readonly score: number }

const [certainAt, probableAt, possibleAt] = [0.99999, 0.9, 0.05]

export function patientMatch(asked: Resource, candidate: Resource): Match {
  const comparison = compare(asked, candidate)
  const weight =
    comparison.agree.reduce((sum, one) => sum + weightOf(one), 0) + comparison.differ.reduce((sum, one) => sum + weightAgainst(one), 0)
  const score = 1 / (1 + 2 ** (priorBits - weight))
  return { grade: gradeOf(score, comparison), score: Math.round(score * 1e6) / 1e6 }
}

function gradeOf(score: number, { agree, differ }: Comparison): Grade {
  if (score < possibleAt) return 'certainly-not'
  // A household shares a family name, a phone and an address.
  if (differ.includes('given') && differ.includes('birth-date') && !agree.includes('identifier')) return 'certainly-not'
  if (score < probableAt) return 'possible'
  const against = differ.filter((one) => one === 'identifier' || one === 'family' || one === 'given' || one === 'birth-date')
  // Twins share all but a given name; a number typed wrong belongs to somebody else.
  if (against.length > 1 || (against.length === 1 && !agree.includes('identifier'))) return 'possible'
  if (score < certainAt || against.length > 0 || differ.includes('gender')) return 'probable'
  const named = agree.includes('birth-date') && agree.includes('family') && agree.includes('given')
  return named || agree.includes('identifier') ? 'certain' : 'probable'
}
