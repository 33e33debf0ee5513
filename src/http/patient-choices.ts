/**
 * How the pages of a sign-in learn of patients: by the same desks that answer FHIR requests, in the name of the person who
 * signs in, so that scopes, consent and the AuditEvent are as everywhere. https://hl7.org/fhir/R4/patient.html
 */
import type { Actor } from '../access/actor.ts'
import { parseScopes } from '../access/scopes.ts'
import type { PatientChoices, Reader } from '../auth/patients-of.ts'
import { Fault } from '../base/fault.ts'
import { patientChoicesMax } from '../base/sign-in-limits.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Desks, House } from './desks.ts'

type Patient = {
  readonly id: string
  readonly name?: readonly { readonly text?: string; readonly given?: readonly string[]; readonly family?: string }[]
  readonly birthDate?: string
}

export const patientChoices = (house: House, { read, search }: Pick<Desks, 'read' | 'search'>): PatientChoices => ({
  named: async (reader, name) => {
    const query = [
      ['name', name],
      ['_count', String(patientChoicesMax)],
      ['_sort', 'name,_id'],
    ] as const
    const { body } = await search(house, await actorOf(house, reader, 'user/Patient.rs'), asked({ type: 'Patient', query, url: 'Patient' }))
    const { entry = [] } = JSON.parse(body ?? '{}') as { entry?: { resource: Patient & { resourceType: string } }[] }
    return entry.flatMap(({ resource }) => (resource.resourceType === 'Patient' ? [choiceOf(resource)] : []))
  },
  one: async (reader, id, confined) => {
    const actor = await (confined ? actorOf(house, reader, 'patient/Patient.r', id) : actorOf(house, reader, 'user/Patient.r'))
    try {
      const { body } = await read(house, actor, asked({ type: 'Patient', id, query: [], url: `Patient/${id}` }))
      return choiceOf(JSON.parse(body ?? '{}') as Patient)
    } catch (error) {
      if (error instanceof Fault && ['not-found', 'gone', 'forbidden'].includes(error.kind)) return undefined
      throw error
    }
  },
})

/** As a request of theirs would be: what Consents keep from them is not there to be chosen. */
async function actorOf(house: House, { client, person: user, address }: Reader, scopes: string, patient?: string): Promise<Actor> {
  const viewer = { client, user, patient }
  const kept = await house.keptFrom(viewer)
  return { ...viewer, scopes: parseScopes(scopes), keptFrom: kept?.from, emergency: kept?.emergency, address }
}

const asked = (request: Pick<FhirRequest, 'type' | 'id' | 'query' | 'url'>): FhirRequest => ({
  ...request,
  headers: { prefer: {} },
  method: 'GET',
})

function choiceOf({ id, name = [], birthDate }: Patient): { id: string; label: string } {
  const { text, given = [], family = '' } = name[0] ?? {}
  const known = text ?? `${given.join(' ')} ${family}`.trim()
  return { id, label: `${known || 'Without a name'}${birthDate ? `, born ${birthDate}` : ''}` }
}
