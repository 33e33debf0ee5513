/**
 * Refused requests in the audit, without a way to fill the disk: of those that are alike (why, which program, who, from
 * where) the first of a minute is written at once, and how many more came when the minute is over. Past so many unlike ones
 * in a minute the rest is counted together. Each process counts by itself; one that is killed loses a minute's count at most.
 *
 * Nobody waits for it: how long a refusal takes says nothing of what was written.
 */
import { type SecurityEvent, securityEvent } from '../audit/security-event.ts'
import { minuteMs } from '../base/durations.ts'
import { Fault } from '../base/fault.ts'
import { unlikeRefusalsMax } from '../base/limits.ts'
import type { House } from '../store/house.ts'

const reasons = {
  'sign-in': 'No such account, a wrong password, or an account that is locked or disabled.',
  'token-request': 'The program was not given a token.',
  registration: 'A program could not show that it may register, or look after its registration.',
  'no-token': 'There was no access token.',
  'bad-token': 'The access token was no good.',
  forbidden: 'The access token does not allow it.',
  others: 'Of various kinds.',
} as const

export type RefusalReason = keyof typeof reasons

export type Refusal = {
  readonly why: RefusalReason
  readonly client?: string
  readonly person?: string
  readonly address?: string
}

export type Refusals = {
  readonly note: (refusal: Refusal) => void
  /** Writes down what was counted, and waits for it. */
  readonly close: () => Promise<void>
}

type Counted = { readonly refusal: Refusal; more: number }

export function refusals(house: Pick<House, 'pool' | 'clock' | 'ids' | 'warn'>): Refusals {
  const state: { minute: number; counted: Map<string, Counted>; timer?: NodeJS.Timeout } = { minute: 0, counted: new Map() }
  const writing = new Set<Promise<void>>()
  const write = (refusal: Refusal, times: number): void => {
    const written = securityEvent(house, eventOf(refusal, times))
      .catch(() => house.warn('a refused request is not in the audit: the database could not be reached'))
      .finally(() => writing.delete(written))
    writing.add(written)
  }
  const flush = (): void => {
    clearTimeout(state.timer)
    const { counted } = state
    state.counted = new Map()
    for (const { refusal, more } of counted.values()) if (more > 0) write(refusal, more)
  }
  const begin = (minute: number): void => {
    flush()
    state.minute = minute
    state.timer = setTimeout(flush, minuteMs).unref()
  }
  return {
    note: (refusal) => {
      const minute = Math.floor(house.clock.now().getTime() / minuteMs)
      if (minute !== state.minute) begin(minute)
      const { counted } = state
      const one = counted.has(keyOf(refusal)) || counted.size < unlikeRefusalsMax ? refusal : ({ why: 'others' } as const)
      const known = counted.get(keyOf(one))
      if (known) known.more += 1
      else {
        counted.set(keyOf(one), { refusal: one, more: 0 })
        write(one, 1)
      }
    },
    close: async () => {
      flush()
      await Promise.all(writing)
    },
  }
}

const keyOf = ({ why, client, person, address }: Refusal): string => JSON.stringify([why, client, person, address])

const eventOf = ({ why, client = 'unknown', person, address }: Refusal, times: number): SecurityEvent => ({
  what: why === 'sign-in' ? 'sign-in' : why === 'token-request' ? 'token' : 'refused',
  client,
  user: person,
  address,
  refused: reasons[why],
  times,
})

type Asked = { readonly authorization?: string; readonly address?: string; readonly client?: string; readonly person?: string }

/** Undefined for an error that refuses nobody (a mistake in what was sent, a thing that is not there). */
export function refusalOf(error: unknown, { authorization, address, client, person }: Asked): Refusal | undefined {
  if (!(error instanceof Fault)) return undefined
  if (error.kind === 'forbidden') return { why: 'forbidden', client, person, address }
  return error.kind === 'login' ? { why: authorization === undefined ? 'no-token' : 'bad-token', address } : undefined
}
