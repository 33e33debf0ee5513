/** Ways to spoil what is asked of a server and what it answers. */
import type { Answered, Loose, Mutation } from '../support/spoiling-proxy.ts'

/** Changes the body of an answer that is JSON. */
export const json = (answer: Answered, edit: (body: Loose) => void): Answered => {
  if (!answer.body.startsWith('{')) return answer
  const body = JSON.parse(answer.body)
  edit(body)
  return { ...answer, body: JSON.stringify(body) }
}

const without = (headers: Record<string, string>, name: string): Record<string, string> => {
  const { [name]: _, ...rest } = headers
  return rest
}

export const bundle = (answer: Answered, edit: (body: Loose) => void): Answered =>
  json(answer, (body) => body.resourceType === 'Bundle' && edit(body))

/** The query without a parameter. */
export const dropped = (path: string, name: RegExp): string => {
  const [before, query] = path.split('?')
  const kept = (query ?? '').split('&').filter((one) => !name.test(one.split('=')[0] ?? ''))
  return kept.length > 0 && query !== undefined ? `${before}?${kept.join('&')}` : String(before)
}

export const instead =
  (from: number, to: number): Mutation['answered'] =>
  (answer) =>
    answer.status === from ? { ...answer, status: to } : answer
export const loseHeader =
  (name: string): Mutation['answered'] =>
  (answer) => ({ ...answer, headers: without(answer.headers, name) })
export const ignoreHeader =
  (name: string): Mutation['asked'] =>
  (asked) => ({ ...asked, headers: without(asked.headers, name) })
export const loseParameter =
  (name: RegExp): Mutation['asked'] =>
  (asked) => ({ ...asked, path: dropped(asked.path, name) })

const isResource = (path: string): boolean => /\/fhir\/[A-Z]\w+\/[\w.-]+$/.test(path)

/** What a server that keeps an old copy shows: the first answer to each read. */
export function stale(): Mutation['answered'] {
  const first = new Map<string, Answered>()
  return (answer, { method, path }) => {
    if (method !== 'GET' || answer.status !== 200 || !isResource(path)) return answer
    const known = first.get(path)
    if (known === undefined) first.set(path, answer)
    return known ?? answer
  }
}

/** The version from before, where there is one. */
export const firstVersion: Mutation['answered'] = async (answer, asked, again) => {
  if (asked.method !== 'GET' || answer.status !== 200 || !isResource(asked.path)) return answer
  const old = await again({ ...asked, path: `${asked.path}/_history/1` })
  return old.status === 200 ? old : answer
}

/** A second booking of the same time is told that it went through. */
export const secondBooking: Mutation['answered'] = (answer, { method, path, body }) =>
  method === 'POST' && /\/Appointment$/.test(path) && answer.status === 409
    ? { ...answer, status: 201, body: JSON.stringify({ ...JSON.parse(body), id: 'made-up', meta: { versionId: '1' } }) }
    : answer
