/**
 * Types that may be about a visit, and the visits that one of them names, wherever in it: what is about a sensitive visit is
 * as sensitive as the visit (docs/sensitive-visits.md). https://hl7.org/fhir/R4/references.html
 *
 * Left out: logical references (`{"identifier": …}`), which name nothing that could be looked up for every row.
 */
import { localReference, relativeReference } from './reference.ts'
import type { Resource } from './resource.ts'

const about = [
  'AppointmentResponse',
  'Communication',
  'Consent',
  'Encounter',
  'Provenance',
  'QuestionnaireResponse',
  'ServiceRequest',
  'Task',
]

export const aboutTypes: ReadonlySet<string> = new Set(about)

const visits: ReadonlySet<string> = new Set(['Appointment', 'Encounter'])

/** The words of the index for the visits that a resource is about: `@about=Appointment/1`. */
export const aboutWord = (type: 'Appointment' | 'Encounter', id = ''): string => `@about=${type}/${id}`

export function aboutWords(resource: Resource, base?: string): string[] {
  const found: string[] = []
  if (aboutTypes.has(resource.resourceType)) collect(resource, base, found)
  return found
}

function collect(value: unknown, base: string | undefined, found: string[]): void {
  if (Array.isArray(value)) {
    for (const one of value) collect(one, base, found)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object') collect(inner, base, found)
    else if (name === 'reference' && typeof inner === 'string') {
      const named = localReference(relativeReference(inner, base))
      if (named && visits.has(named.type)) found.push(aboutWord(named.type as 'Appointment' | 'Encounter', named.id))
    }
  }
}
