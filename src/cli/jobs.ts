/**
 * `slotwise jobs list` and `slotwise jobs replay`: durable jobs that wait, run or have failed, and another try for those
 * that have failed for good. A line holds no patient data: what a job is about is an id.
 */
import type { House } from '../store/house.ts'
import { hasJobs, type JobRow, type JobState, jobsIn, replayJobs } from '../store/jobs.ts'
import { type Command, type CommandContext, UsageError } from './command.ts'

const states: readonly JobState[] = ['waiting', 'running', 'failing', 'dead']

async function inHouse(context: CommandContext, use: (house: House) => Promise<number>): Promise<number> {
  const house = await context.openHouse('guest')
  try {
    return await use(house)
  } finally {
    await house.close()
  }
}

/** Tab-separated, for `cut` and `awk`. */
const lineOf = ({ id, task, state, attempts, attemptsMax, due, key, failure }: JobRow): string =>
  [id, task, state, `${attempts}/${attemptsMax}`, due.toISOString(), key ?? '-', failure ?? '-'].join('\t')

const isState = (text: string): text is JobState => (states as readonly string[]).includes(text)

export const jobsList: Command = {
  name: 'jobs list',
  does: 'list durable jobs: id, task, state, attempts, when due, key, last failure',
  options: { state: { type: 'string', value: 'STATE', means: `only those that are ${states.join(', ')}` } },
  run: async (context, { state }) => {
    const wanted = state === undefined ? undefined : String(state)
    if (wanted !== undefined && !isState(wanted)) throw new UsageError(`--state must be one of ${states.join(', ')}.`)
    return inHouse(context, async ({ pool }) => {
      const jobs = (await hasJobs(pool)) ? await jobsIn(pool, wanted) : []
      for (const job of jobs) context.say(lineOf(job))
      if (jobs.length === 0) context.say('There are no such jobs.')
      return 0
    })
  },
}

export const jobsReplay: Command = {
  name: 'jobs replay',
  does: 'try dead jobs again: all of them, or one',
  options: { id: { type: 'string', value: 'ID', means: 'the one job, dead or waiting for its next attempt' } },
  run: async (context, { id }) => {
    if (id !== undefined && !/^\d{1,18}$/.test(String(id))) throw new UsageError('--id is the number that "slotwise jobs list" prints.')
    return inHouse(context, async ({ pool }) => {
      const there = await hasJobs(pool)
      const ids = id !== undefined ? [String(id)] : there ? (await jobsIn(pool, 'dead')).map((job) => job.id) : []
      const replayed = there ? await replayJobs(pool, ids) : []
      context.say(replayed.length === 0 ? 'Nothing to try again.' : `To be tried again at once: ${replayed.join(', ')}.`)
      return id !== undefined && replayed.length === 0 ? 1 : 0
    })
  },
}
