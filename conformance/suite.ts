/** One run: which checks, against which server, and what came of each. */
import { capabilities } from './capabilities.ts'
import { type Check, NotDeclared } from './check.ts'
import { client } from './client.ts'
import type { Options } from './options.ts'
import { type Ground, ground } from './site.ts'
import { tracks } from './tracks.ts'

export type Run = {
  readonly base: string
  readonly token?: string
  readonly options?: Options
  /** Only these tracks. */
  readonly track?: readonly string[]
  /** Only checks whose name begins so, or that a public list calls so. */
  readonly only?: readonly string[]
  /** Checks under way at once: they know nothing of each other. */
  readonly parallel?: number
}

export type Result = {
  readonly track: string
  readonly check: Check
  readonly verdict: 'pass' | 'fail' | 'skip'
  /** What came instead, or why it was skipped. */
  readonly message?: string
  readonly milliseconds: number
}

const checkMs = 60_000
const parallelChecks = 4

export async function conformance({ base, token, options = {}, track, only, parallel = parallelChecks }: Run): Promise<Result[]> {
  const call = client(base, token)
  const statement = await call('GET', 'metadata').catch(() => undefined)
  const place = ground(base, call, capabilities(statement?.json), options)
  const chosen = tracks
    .filter(({ name }) => track === undefined || track.includes(name))
    .flatMap(({ name, checks }) => checks.filter((one) => isWanted(one, only)).map((check) => ({ track: name, check })))
  const results: Result[] = new Array(chosen.length)
  const waiting = chosen.entries()
  const takeTurns = async (): Promise<void> => {
    for (const [at, one] of waiting) results[at] = { ...one, ...(await outcomeOf(place, one.check)) }
  }
  try {
    await Promise.all(Array.from({ length: parallel }, takeTurns))
  } finally {
    await place.leave()
  }
  return results
}

const isWanted = ({ name, ids = [] }: Check, only: readonly string[] | undefined): boolean =>
  only === undefined || only.some((one) => name === one || name.startsWith(`${one}.`) || ids.includes(one))

async function outcomeOf(place: Ground, check: Check): Promise<Omit<Result, 'track' | 'check'>> {
  const began = performance.now()
  const { site, clean } = place.siteOf()
  const done = (verdict: Result['verdict'], message?: string) => ({ verdict, message, milliseconds: performance.now() - began })
  const lacks = check.needs?.map((need) => need(site.can, site.options)).find((reason) => reason !== undefined)
  if (lacks !== undefined) return done('skip', lacks)
  try {
    await within(check.run(site))
    return done('pass')
  } catch (error) {
    if (error instanceof NotDeclared) return done('skip', `${error.message} is not declared`)
    return done('fail', error instanceof Error ? error.message : String(error))
  } finally {
    await clean()
  }
}

/** A check that hangs fails. */
async function within(run: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not done within ${checkMs / 1000} s`)), checkMs)
  try {
    await Promise.race([run, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
