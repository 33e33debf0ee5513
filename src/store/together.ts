/**
 * Those who ask at the same moment go to the database together: while as many runs are under way as there are lanes, the
 * next askers wait, and one statement then serves them all. A lone asker waits for no more than the end of the event loop's
 * turn. What Postgres calls group commit, one floor up: under load the cost of a statement's start, commit and round trip is
 * shared. Where that is large, a second run waits for company: for so many asks that it is worth its start, or until the
 * first has taken longer than it should.
 *
 * Left out: what is run, and what becomes of one ask when another in its run fails (`run` says that).
 */

import { availableParallelism } from 'node:os'
import { databaseConnectionsMax, runWaitMsMax } from '../base/limits.ts'

/** Runs under way at once: as many as there are cores to work on them, and never all connections. */
export const lanes = Math.max(2, Math.min(availableParallelism(), Math.floor(databaseConnectionsMax / 2)))

export type Together<Ask, Answer> = {
  readonly lanes: number
  /** Asks in one run. */
  readonly most: number
  /** So many begin a run beside another; fewer wait for its end, but not for long. One, where it is not said. */
  readonly company?: number
  /** Answers in the order of the asks. */
  readonly run: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  /** What no two asks of one run may share at the same time; whoever would waits for the next. */
  readonly alone?: (ask: Ask) => readonly Use[]
}

/** Something that an ask uses from one instant until another: half-open, in order as they compare; without them at all times. */
export type Use = { readonly of: string; readonly from?: number; readonly until?: number }

type Waiting<Ask, Answer> = {
  readonly ask: Ask
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export function together<Ask, Answer>(how: Together<Ask, Answer>): (ask: Ask) => Promise<Answer> {
  const { lanes, most, company = 1, run, alone } = how
  const queue: Waiting<Ask, Answer>[] = []
  const under: { way: number; patience?: NodeJS.Timeout; turn?: NodeJS.Immediate } = { way: 0 }
  const serve = async (batch: readonly Waiting<Ask, Answer>[]): Promise<void> => {
    try {
      const answers = await run(batch.map(({ ask }) => ask))
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      under.way -= 1
      soon()
    }
  }
  const begin = (): void => {
    clearTimeout(under.patience)
    under.patience = undefined
    under.way += 1
    void serve(alone ? takeApart(queue, most, alone) : queue.splice(0, most))
  }
  // Whoever is under way may wait for a lock, and those behind it must not wait with it.
  const beginAnyway = (): void => {
    under.patience = undefined
    if (under.way < lanes && queue.length > 0) begin()
    start()
  }
  const start = (): void => {
    under.turn = undefined
    while (under.way < lanes && queue.length >= (under.way === 0 ? 1 : company)) begin()
    if (under.way < lanes && queue.length > 0) under.patience ??= setTimeout(beginAnyway, runWaitMsMax)
  }
  // Requests that came in together, and those whose looks were answered together, ask one after the other in one turn of the
  // event loop. Begun by the first of them, a run had it alone: a third of all bookings.
  const soon = (): void => {
    under.turn ??= setImmediate(start)
  }
  return (ask) =>
    new Promise((resolve, reject) => {
      queue.push({ ask, resolve, reject })
      soon()
    })
}

/** The first of the queue, and those behind it that share nothing with one before them: the order of rivals is kept. */
function takeApart<Ask, Answer>(queue: Waiting<Ask, Answer>[], most: number, alone: (ask: Ask) => readonly Use[]): Waiting<Ask, Answer>[] {
  const met = new Map<string, Use[]>()
  const batch: Waiting<Ask, Answer>[] = []
  const later: Waiting<Ask, Answer>[] = []
  for (const one of queue.splice(0)) {
    const uses = batch.length < most ? alone(one.ask) : undefined
    if (uses?.every((use) => !met.get(use.of)?.some((other) => atOneTime(use, other)))) batch.push(one)
    else later.push(one)
    for (const use of uses ?? []) {
      const others = met.get(use.of)
      if (others) others.push(use)
      else met.set(use.of, [use])
    }
  }
  queue.push(...later)
  return batch
}

const atOneTime = (a: Use, b: Use): boolean =>
  (a.from ?? -Infinity) < (b.until ?? Infinity) && (b.from ?? -Infinity) < (a.until ?? Infinity)
