/**
 * Where a check is run: the server, what it declares, and what the check has made there, which is deleted afterwards.
 * Nothing of what was there before is touched.
 */
import { randomBytes } from 'node:crypto'
import type { Capabilities } from './capabilities.ts'
import type { Answer, Asking, Call, Loose } from './client.ts'
import { hold } from './expect.ts'
import type { Options } from './options.ts'

export type Site = {
  readonly base: string
  readonly can: Capabilities
  readonly options: Options
  /** Letters that nobody else uses. */
  readonly tag: string
  readonly call: Call
  readonly get: (path: string, asking?: Asking) => Promise<Answer>
  readonly post: (path: string, body: object | string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  readonly put: (path: string, body: object | string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** Creates, and remembers to delete; fails the check where it cannot. */
  readonly make: (resource: { readonly resourceType: string; readonly [element: string]: unknown }) => Promise<Loose>
  /** To delete `Type/id`, which came about otherwise. */
  readonly keep: (reference: string) => void
  /** What several checks look at and none changes: made by the first that asks. */
  readonly shared: <T>(build: (site: Site) => Promise<T>) => Promise<T>
  /** Says what to end when the run is over. */
  readonly atEnd: (end: () => Promise<void>) => void
}

/** What all checks of a run have in common, and the end of it. */
export type Ground = { readonly siteOf: () => { site: Site; clean: () => Promise<void> }; readonly leave: () => Promise<void> }

const letters = (): string => [...randomBytes(8)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('')

export function ground(base: string, call: Call, can: Capabilities, options: Options): Ground {
  const built = new Map<unknown, Promise<unknown>>()
  const ends: (() => Promise<void>)[] = []
  const place = (made: string[]): Site => {
    const site: Site = {
      base,
      can,
      options,
      tag: letters(),
      call,
      get: (path, asking) => call('GET', path, asking),
      post: (path, body, headers) => call('POST', path, { body, headers }),
      put: (path, body, headers) => call('PUT', path, { body, headers }),
      make: async (resource) => {
        const answer = await call('POST', resource.resourceType, { body: resource })
        hold(
          answer.status === 201 && answer.json?.id,
          `create of a ${resource.resourceType}: ${answer.status} ${answer.text.slice(0, 200)}`,
        )
        made.push(`${resource.resourceType}/${answer.json.id}`)
        return answer.json
      },
      keep: (reference) => void made.push(reference),
      shared: <T>(build: (site: Site) => Promise<T>) => {
        if (!built.has(build)) built.set(build, build(common.site))
        return built.get(build) as Promise<T>
      },
      atEnd: (end) => void ends.push(end),
    }
    return site
  }
  const siteOf = () => {
    const made: string[] = []
    return { site: place(made), clean: () => remove(call, made) }
  }
  const common = siteOf()
  const leave = async (): Promise<void> => {
    for (const end of ends) await end()
    await common.clean()
  }
  return { siteOf, leave }
}

/** The last first, since what was made later may point at what was made before. */
async function remove(call: Call, made: readonly string[]): Promise<void> {
  for (const reference of [...made].reverse()) await call('DELETE', reference).catch(() => undefined)
}
