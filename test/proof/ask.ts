/** HTTP as a client speaks it: an answer, or none where the line was cut or the server is gone. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Version } from './history.ts'

// biome-ignore lint/suspicious/noExplicitAny: whatever a server answers is looked into
export type Json = any

export type Asked = {
  readonly method: string
  readonly path: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}
export type Answer = { readonly status: number; readonly json: Json; readonly text: string }
export type Ask = (asked: Asked) => Promise<Answer | undefined>

const patienceMs = 60_000

export const askOf =
  (base: string, token: string): Ask =>
  async ({ method, path, body, headers = {} }) => {
    try {
      const answer = await fetch(path.startsWith('http') ? path : `${base}/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/fhir+json',
          ...(body && { 'content-type': 'application/fhir+json' }),
          ...headers,
        },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(patienceMs),
      })
      const text = await answer.text()
      return { status: answer.status, json: text === '' ? {} : JSON.parse(text), text }
    } catch {
      return undefined
    }
  }

/** Parameters: `Type/id` is a Reference, the rest text; a list is the parameter again. */
export const parameters = (values: Readonly<Record<string, string | object | undefined>>, more: readonly object[] = []): object => ({
  resourceType: 'Parameters',
  parameter: [...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, ...typed(value) }])), ...more],
})

const typed = (value: string | object): object => {
  if (typeof value !== 'string') return { valueCodeableConcept: value }
  return /^[A-Z][A-Za-z]+\/[^/]+$/.test(value) ? { valueReference: { reference: value } } : { valueString: value }
}

export const resourcesIn = (json: Json): Json[] =>
  json?.resourceType === 'Bundle' ? (json.entry ?? []).flatMap((entry: Json) => entry.resource ?? []) : [json]

const bare = (reference: unknown): string =>
  String(reference ?? '')
    .split('/')
    .slice(-1)[0] ?? ''
const instant = (text: unknown): number | undefined => (typeof text === 'string' ? Date.parse(text) : undefined)

export const mark = (deed: number): string => `deed ${deed}.`

/** What an Appointment says, as far as the checker looks. */
export function versionOf(resource: Json): Version {
  const extension = (name: string): Json => resource.extension?.find(({ url }: Json) => url.endsWith(`/${name}`))
  const actors: Json[] = (resource.participant ?? []).filter((one: Json) => one.actor?.reference)
  return {
    id: resource.id,
    version: Number(resource.meta?.versionId),
    updated: Date.parse(resource.meta?.lastUpdated),
    status: resource.status,
    start: instant(resource.start),
    end: instant(resource.end),
    slots: (resource.slot ?? []).map((one: Json) => bare(one.reference)),
    actors: actors
      .filter(({ status }) => status !== 'declined')
      .map(({ actor }) => actor.reference)
      .sort(),
    patients: actors.flatMap(({ actor }) => (actor.reference.startsWith('Patient/') ? [bare(actor.reference)] : [])),
    heldUntil: instant(extension('held-until')?.valueInstant),
    ...(extension('approval')?.valueCode === 'requested' && { requested: true }),
    ...(extension('overbooked') && { overbooked: true }),
    ...(replacedBy(resource) && { replaces: replacedBy(resource) }),
    ...placeInSeries(resource),
    marks: [...new Set([...JSON.stringify(resource).matchAll(/deed (\d+)\./g)].map(([, id]) => Number(id)))],
  }
}

const replacedBy = (resource: Json): string | undefined => {
  const found = resource.extension?.find(({ url }: Json) => /Appointment\.replaces$/.test(url))
  return found && bare(found.valueReference?.reference)
}

function placeInSeries(resource: Json): Pick<Version, 'series' | 'number'> {
  const part = (name: string): Json => resource.extension?.find(({ url }: Json) => url.endsWith(`Appointment.${name}`))
  const number = part('recurrenceId')?.valuePositiveInt
  const leader = part('originatingAppointment')?.valueReference?.reference
  return number === undefined ? {} : { number, series: leader === undefined ? resource.id : bare(leader) }
}

export const versionsIn = (json: Json): Version[] =>
  resourcesIn(json).flatMap((one) => (one?.resourceType === 'Appointment' && one.status ? [versionOf(one)] : []))

export const patientsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/"Patient\/([A-Za-z0-9\-.]+)"/g)].flatMap(([, id]) => id ?? [])),
]

const pagePatienceMs = 120_000

/** A server whose database was just killed may still say 503 to whoever finds a connection that is no more. */
async function page(ask: Ask, path: string): Promise<Answer | undefined> {
  for (const began = Date.now(); ; await sleep(100)) {
    const answer = await ask({ method: 'GET', path })
    if ((answer && answer.status !== 503) || Date.now() - began > pagePatienceMs) return answer
  }
}

/** Every page of a search or history. */
export async function allPages(ask: Ask, path: string): Promise<Json[]> {
  const found: Json[] = []
  for (let next: string | undefined = path; next; ) {
    const answer: Answer | undefined = await page(ask, next)
    if (answer?.status !== 200) throw new Error(`${path} was answered ${answer?.status}: ${answer?.text.slice(0, 300)}`)
    found.push(...(answer.json.entry ?? []))
    const url: string | undefined = answer.json.link?.find(({ relation }: Json) => relation === 'next')?.url
    next = url?.slice(url.indexOf('/fhir/') + '/fhir/'.length)
  }
  return found
}
