/**
 * How the pages of a sign-in learn of patients and of the encounters that they are in: by the same desks that answer FHIR
 * requests, in the name of the person who signs in, so that scopes, consent and the AuditEvent are as everywhere.
 * https://hl7.org/fhir/R4/patient.html
 */
import type { Actor } from '../access/actor.ts'
import { asBusyTime } from '../access/busy-time.ts'
import { maskingOf, opened, withPosts } from '../access/masking.ts'
import { parseScopes } from '../access/scopes.ts'
import { withoutOthers } from '../access/without-others.ts'
import type { Choice } from '../auth/pages/patient-picker.ts'
import type { PatientChoices, Reader } from '../auth/patients-of.ts'
import { Fault } from '../base/fault.ts'
import { encounterChoicesMax, patientChoicesMax } from '../base/sign-in-limits.ts'
import { inWords } from '../base/time-zones.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Desks, House } from './desks.ts'

type Patient = {
  readonly id: string
  readonly name?: readonly { readonly text?: string; readonly given?: readonly string[]; readonly family?: string }[]
  readonly birthDate?: string
}

type Concept = { readonly text?: string; readonly coding?: readonly { readonly display?: string }[] }
type Encounter = {
  readonly id: string
  readonly class?: { readonly display?: string }
  readonly type?: readonly Concept[]
  readonly serviceType?: Concept
  readonly period?: { readonly start?: string }
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
  encounters: async (reader, id, confined) => {
    const actor = await (confined ? actorOf(house, reader, 'patient/Encounter.rs', id) : actorOf(house, reader, 'user/Encounter.rs'))
    const query = [
      ['patient', id],
      ['status', 'arrived,triaged,in-progress,onleave'],
      ['_count', String(encounterChoicesMax)],
      ['_sort', '-_lastUpdated,_id'],
    ] as const
    const { body } = await search(house, actor, asked({ type: 'Encounter', query, url: 'Encounter' }))
    const shown = withoutOthers(actor, asBusyTime(actor, body ?? '{}', house.base), house.base)
    const { entry = [] } = JSON.parse(shown) as { entry?: { resource: Encounter & { resourceType: string } }[] }
    const all = entry.flatMap(({ resource }) => (resource.resourceType === 'Encounter' ? [resource] : []))
    return all.toSorted(latestFirst).map((one) => encounterChoice(house, one))
  },
})

/** As a request of theirs would be: what Consents keep from them is not there to be chosen, and a sensitive visit is busy time. */
async function actorOf(house: House, { client, person: user, address }: Reader, scopes: string, patient?: string): Promise<Actor> {
  const viewer = { client, user, patient }
  const kept = await house.keptFrom(viewer)
  const parsed = parseScopes(scopes)
  const masking = opened(await withPosts(house, maskingOf({ ...viewer, scopes: parsed }, scopes), user), kept?.emergency)
  return { ...viewer, scopes: parsed, masking, keptFrom: kept?.from, emergency: kept?.emergency, address }
}

const asked = (request: Pick<FhirRequest, 'type' | 'id' | 'query' | 'url'>): FhirRequest => ({
  ...request,
  headers: { prefer: {} },
  method: 'GET',
})

function choiceOf({ id, name = [], birthDate }: Patient): Choice {
  const { text, given = [], family = '' } = name[0] ?? {}
  const known = text ?? `${given.join(' ')} ${family}`.trim()
  return { id, label: `${known || 'Without a name'}${birthDate ? `, born ${birthDate}` : ''}` }
}

const wordOf = (concept: Concept | undefined): string | undefined =>
  concept?.text ?? concept?.coding?.find(({ display }) => display)?.display

const startOf = ({ period }: Encounter): number => (period?.start === undefined ? 0 : Date.parse(period.start))
const latestFirst = (one: Encounter, other: Encounter): number => startOf(other) - startOf(one)

function encounterChoice({ defaultTimeZone: timeZone }: House, { id, class: kind, type = [], serviceType, period }: Encounter): Choice {
  const what = wordOf(serviceType) ?? wordOf(type[0]) ?? kind?.display ?? 'Visit'
  const began = period?.start === undefined ? undefined : new Date(period.start)
  const since = began && inWords(began, 'en', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  return { id, label: `${what}${since ? `, since ${since}` : ''}` }
}
