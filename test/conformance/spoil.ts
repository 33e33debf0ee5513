/** Ways to spoil what is asked of a server and what it answers. */
import type { Answered, Asked, Loose, Mutation } from '../support/spoiling-proxy.ts'

type Edit = (body: Loose) => void

/** Changes the body of an answer that is JSON. */
export const json = (answer: Answered, edit: Edit): Answered => {
  if (!/^application\/([\w-]+\+)?json/.test(answer.headers['content-type'] ?? '') || answer.body === '') return answer
  const body = JSON.parse(answer.body)
  edit(body)
  return { ...answer, body: JSON.stringify(body) }
}

const without = (headers: Record<string, string>, name: string): Record<string, string> => {
  const { [name]: _, ...rest } = headers
  return rest
}

export const bundle = (answer: Answered, edit: Edit): Answered => json(answer, (body) => body.resourceType === 'Bundle' && edit(body))

/** Changes each entry of a Bundle. */
export const entries = (answer: Answered, edit: Edit): Answered =>
  bundle(answer, (body) => {
    for (const entry of body.entry ?? []) edit(entry)
  })

/** The query without a parameter. */
export const dropped = (path: string, name: RegExp): string => {
  const [before, query] = path.split('?')
  const kept = (query ?? '').split('&').filter((one) => !name.test(one.split('=')[0] ?? ''))
  return kept.length > 0 && query !== undefined ? `${before}?${kept.join('&')}` : String(before)
}

/** Another status than the server's. */
export const instead =
  (from: number | readonly number[], to: number, where: (asked: Asked) => boolean = () => true): Mutation['answered'] =>
  (answer, asked) =>
    [from].flat().includes(answer.status) && where(asked) ? { ...answer, status: to } : answer

/** Spoils the answers to what is asked at such a path. */
export const at =
  (path: RegExp, spoil: (answer: Answered, asked: Asked) => Answered): Mutation['answered'] =>
  (answer, asked) =>
    path.test(asked.path) ? spoil(answer, asked) : answer

export const loseHeader =
  (name: string): Mutation['answered'] =>
  (answer) => ({ ...answer, headers: without(answer.headers, name) })
export const ignoreHeader =
  (name: string): Mutation['asked'] =>
  (asked) => ({ ...asked, headers: without(asked.headers, name) })
export const loseParameter =
  (name: RegExp): Mutation['asked'] =>
  (asked) => ({ ...asked, path: dropped(asked.path, name) })

/** The path as another one. */
export const path =
  (from: RegExp, to: string): Mutation['asked'] =>
  (asked) => ({ ...asked, path: asked.path.replace(from, to) })

/** Something that is sent, as something else. */
export const sent =
  (from: string | RegExp, to: string): Mutation['asked'] =>
  (asked) => ({ ...asked, body: asked.body.replace(from, to) })

/** What is asked for is not done: what is there is shown instead. */
export const notDone =
  (where: (asked: Asked) => boolean): Mutation['asked'] =>
  (asked) =>
    where(asked) ? { ...asked, method: 'GET', body: '' } : asked

const refusals = [400, 404, 409, 412, 422]

/** What is refused is said to be made, just as it was sent. */
export const madeUp =
  (where: (asked: Asked) => boolean): Mutation['answered'] =>
  (answer, asked) =>
    refusals.includes(answer.status) && where(asked)
      ? { ...answer, status: 201, body: JSON.stringify({ ...JSON.parse(asked.body), id: 'made-up', meta: { versionId: '1' } }) }
      : answer

const isResource = (path: string): boolean => /\/fhir\/[A-Z]\w+\/[\w.-]+$/.test(path)

/** What a server that keeps an old copy shows: the first answer to each read, or to each search. */
export function stale(kept: (path: string) => boolean = isResource): Mutation['answered'] {
  const first = new Map<string, Answered>()
  return (answer, { method, path }) => {
    if (method !== 'GET' || answer.status !== 200 || !kept(path)) return answer
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

/** Whoever comes has the rights of whoever came first. */
export function rightsOfTheFirst(): Mutation['asked'] {
  const first: string[] = []
  return (asked) => {
    const { authorization } = asked.headers
    if (authorization === undefined) return asked
    if (first.length === 0) first.push(authorization)
    return { ...asked, headers: { ...asked.headers, authorization: first[0] ?? authorization } }
  }
}

/** A parameter of the status that a notification begins with, or that an operation answers with. */
export const parameter = (body: Loose, name: string): Loose => {
  const status = body?.resourceType === 'Parameters' ? body : body?.entry?.[0]?.resource
  return status?.parameter?.find((one: Loose) => one.name === name)
}
