/** Ordering an export, waiting for it and reading its files. https://hl7.org/fhir/uv/bulkdata/STU2/export.html */
import type { Answer, Loose } from './client.ts'
import { hold, same, status, until } from './expect.ts'
import { keeps, type Need, operates } from './needs.ts'
import type { Site } from './site.ts'

export const clause = (anchor: string): string => `https://hl7.org/fhir/uv/bulkdata/STU2/export.html#${anchor}`
export const respondAsync = { prefer: 'respond-async', accept: 'application/fhir+json' }

/** Everything, or where that is not declared all patients. */
const level: Need = (can, options) => {
  const lacks = operates(undefined, 'export')(can, options)
  return lacks === undefined || operates('Patient', 'export')(can, options) === undefined ? undefined : lacks
}

export const needs = [keeps('Patient'), level]
export const address = ({ can, options }: Site): string =>
  operates(undefined, 'export')(can, options) === undefined ? '$export' : 'Patient/$export'

/** Ordered; ended when the check is over. */
export async function ordered(site: Site, query: string, where = address(site)): Promise<string> {
  const order = await kickOff(() => site.get(`${where}${query}`, { headers: respondAsync }))
  return progressOf(site, status(order, 202, `${where}${query}`))
}

/** Asks again where there are too many exports: other checks have theirs under way. */
export const kickOff = (ask: () => Promise<Answer>): Promise<Answer> =>
  until('a kick-off that is taken', async () => {
    const answer = await ask()
    return answer.status === 429 ? undefined : answer
  })

/** Where to ask how far it is. */
export function progressOf(site: Site, { headers }: Answer): string {
  const location = headers.get('content-location')
  hold(location && /^https?:/.test(location), `Content-Location: ${location}`)
  site.keep(location)
  return location
}

/** Asks as often as the server lets it, until the manifest is there. */
export const manifestAt = (site: Site, location: string): Promise<Answer> =>
  until('the export', async () => {
    const answer = status(await site.get(location, { headers: { accept: 'application/json' } }), [200, 202, 429], 'progress')
    return answer.status === 200 ? answer : undefined
  })

export async function lines(site: Site, { url }: Loose): Promise<Loose[]> {
  const answer = status(await site.get(url, { headers: { accept: 'application/fhir+ndjson' } }), 200, 'file')
  hold(
    /^application\/(fhir\+)?ndjson/.test(answer.headers.get('content-type') ?? ''),
    `Content-Type: ${answer.headers.get('content-type')}`,
  )
  return answer.text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
}

type Exported = { readonly manifest: Loose; readonly resources: Loose[] }

export const exported = async (site: Site, query: string, where?: string): Promise<Exported> =>
  exportedAt(site, await ordered(site, query, where))

/** The manifest and what is in its files. */
export async function exportedAt(site: Site, location: string): Promise<Exported> {
  const { json: manifest } = await manifestAt(site, location)
  const resources: Loose[] = []
  for (const file of manifest.output) {
    const own = await lines(site, file)
    hold(
      own.every(({ resourceType }) => resourceType === file.type),
      `a file of ${file.type} has another type`,
    )
    if (file.count !== undefined) same(own.length, file.count, `count of a file of ${file.type}`)
    resources.push(...own)
  }
  return { manifest, resources }
}
