/** What answers that give tokens are held against. https://hl7.org/fhir/smart-app-launch/app-launch.html#obtain-access-token */
import type { Answer, Loose } from './client.ts'
import { hold, status } from './expect.ts'
import type { Site } from './site.ts'

export function givesToken(answer: Answer, what: string): Loose {
  const { json } = status(answer, 200, what)
  hold(typeof json?.access_token === 'string' && json.access_token !== '', `${what}: no access_token`)
  hold(/^bearer$/i.test(json.token_type ?? ''), `${what}: token_type ${json.token_type}`)
  hold(typeof json.expires_in === 'number' && json.expires_in > 0, `${what}: expires_in ${JSON.stringify(json.expires_in)}`)
  hold(typeof json.scope === 'string' && json.scope !== '', `${what}: scope ${JSON.stringify(json.scope)}`)
  return json
}

/** What only the checks of an answer itself look at: the others are about something else. */
export function isUncachedJson({ headers }: Answer, what: string): void {
  hold(headers.get('content-type')?.startsWith('application/json'), `${what}: Content-Type ${headers.get('content-type')}`)
  hold(/\bno-store\b/i.test(headers.get('cache-control') ?? ''), `${what}: Cache-Control ${headers.get('cache-control')}`)
  hold(/\bno-cache\b/i.test(headers.get('pragma') ?? ''), `${what}: Pragma ${headers.get('pragma')}`)
}

export const scopesOf = ({ scope }: Loose): string[] => String(scope).split(' ').sort()

/** The token opens what it is for: the patient that it came with, or something of a type that it may search. */
export async function opens({ get }: Site, token: Loose, what: string): Promise<void> {
  const scopes = scopesOf(token)
  const path = token.patient !== undefined && reads(scopes, 'Patient') ? `Patient/${token.patient}` : searchable(scopes)
  if (path !== undefined) status(await get(path, { token: token.access_token }), 200, `${what}: ${path}`)
}

const reads = (scopes: readonly string[], type: string): boolean =>
  scopes.some((one) => new RegExp(`^(patient|user|system)/(\\*|${type})\\.(c?r\\w*|\\*|read)$`).test(one))

function searchable(scopes: readonly string[]): string | undefined {
  const [, type] =
    scopes.map((one) => /^(?:patient|user|system)\/(\*|[A-Za-z]+)\.(?:\*|read|c?ru?d?s)$/.exec(one) ?? []).find(([all]) => all) ?? []
  return type === undefined ? undefined : `${type === '*' ? 'Patient' : type}?_count=1`
}
