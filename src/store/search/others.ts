/**
 * What is confined to one patient may name another: whoever is confined is shown it without them (`access/without-others.ts`),
 * and does not find it by them either, nor sees it in their order. https://hl7.org/fhir/R4/search.html
 *
 * Where a value may be the other's or not, such as a participant's status, what names another is not found by it at all.
 */
import type { Definitions } from '../../fhir/definitions/types.ts'
import { confinementOf } from '../../fhir/patient-compartment.ts'
import type { Criterion } from '../../fhir/search-criterion.ts'

const parameterOf = (definitions: Definitions, type: string, code: string) => definitions.searchParameters.get(type)?.get(code)

/** The criterion without the other patients that it asks for. */
export function withoutOthers(definitions: Definitions, type: string, criterion: Criterion, patient: string): Criterion {
  if (criterion.kind !== 'words' || parameterOf(definitions, type, criterion.code)?.type !== 'reference') return criterion
  const own = `${criterion.code}=Patient/${patient}`
  return { ...criterion, words: criterion.words.filter((word) => word === own || !/[=/]Patient\//.test(word)) }
}

/** Said of each who takes part, with nothing that tells of whom. */
const saidOfEach: Readonly<Record<string, readonly string[]>> = {
  Appointment: ['part-status'],
  Provenance: ['agent-role', 'agent-type'],
}

/** Whether a row may meet the criterion by what it says of another patient. */
export function mayTellOfOthers(definitions: Definitions, type: string, criterion: Criterion): boolean {
  if (confinementOf(definitions, type) !== 'own') return false
  const { kind, code } = criterion
  if (kind === 'full-text' || kind === 'text' || saidOfEach[type]?.includes(code)) return true
  const parameter = parameterOf(definitions, type, code)
  if (parameter?.custom) return true
  return kind === 'words' && parameter?.type === 'reference' && criterion.words.some((word) => /:identifier=|=RelatedPerson\//.test(word))
}

/** Whether the order by a parameter may be another patient's place in it. */
export function sortsByOthers(definitions: Definitions, type: string, code: string): boolean {
  if (confinementOf(definitions, type) !== 'own') return false
  const parameter = parameterOf(definitions, type, code)
  return (
    saidOfEach[type]?.includes(code) ||
    parameter?.custom !== undefined ||
    (parameter?.type === 'reference' && pointsAtPatients(parameter.targets))
  )
}

const pointsAtPatients = (targets: readonly string[]): boolean => targets.length === 0 || targets.includes('Patient')
