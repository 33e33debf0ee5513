/**
 * When work is due that nobody asked for. The only caller of node-cron; what a job does stands in a file of its own, here or in the
 * room that knows, and must be safe when several servers on one database do it at once. https://nodecron.com
 */
import { schedule } from 'node-cron'
import { sealAudit } from '../audit/seal-audit.ts'
import { failureName } from '../booking/one-by-one.ts'
import { remakeStale } from '../booking/regenerate-slots.ts'
import { settleNewSlots } from '../booking/settle-new-slots.ts'
import type { House } from '../store/house.ts'
import { forgetOldLinks } from '../store/self-service-links.ts'
import { forgetAllowances } from '../store/shared-allowances.ts'
import { forgetExpiredSignIns } from './forget-expired-sign-ins.ts'
import { indexSearchParameters } from './index-search-parameter.ts'
import { keepAuditPartitions } from './keep-audit-partitions.ts'
import { listExports } from './list-exports.ts'
import { offerWaitlist } from './offer-waitlist.ts'
import { rollHorizon } from './roll-horizon.ts'
import { runImports } from './run-imports.ts'
import { settleLapsedHolds } from './settle-lapsed-holds.ts'
import { tellSubscribers } from './tell-subscribers.ts'

type Job = {
  readonly name: string
  /** Six fields, seconds first. */
  readonly when: string
  readonly timeZone: (house: House) => string
  readonly run: (house: House) => Promise<unknown>
}

/** UTC for what repeats within the hour: node-cron runs the repeated hour of an autumn night once. */
const utc = () => 'UTC'
const clinicTime = (house: House) => house.defaultTimeZone

const jobs: readonly Job[] = [
  { name: 'settle-lapsed-holds', when: '* * * * * *', timeZone: utc, run: settleLapsedHolds },
  { name: 'settle-new-slots', when: '* * * * * *', timeZone: utc, run: settleNewSlots },
  { name: 'remake-stale-slots', when: '* * * * * *', timeZone: utc, run: remakeStale },
  { name: 'list-exports', when: '* * * * * *', timeZone: utc, run: (house) => listExports(house) },
  { name: 'run-imports', when: '* * * * * *', timeZone: utc, run: runImports },
  { name: 'tell-subscribers', when: '* * * * * *', timeZone: utc, run: tellSubscribers },
  { name: 'index-search-parameters', when: '* * * * * *', timeZone: utc, run: indexSearchParameters },
  { name: 'offer-waitlist', when: '* * * * * *', timeZone: utc, run: offerWaitlist },
  { name: 'seal-audit', when: '* * * * * *', timeZone: utc, run: sealAudit },
  { name: 'forget-expired-sign-ins', when: '30 * * * * *', timeZone: utc, run: forgetExpiredSignIns },
  { name: 'roll-horizon', when: '0 10 1 * * *', timeZone: clinicTime, run: rollHorizon },
  { name: 'forget-allowances', when: '0 20 * * * *', timeZone: utc, run: ({ pool }) => forgetAllowances(pool) },
  { name: 'forget-old-links', when: '0 40 2 * * *', timeZone: clinicTime, run: ({ pool }) => forgetOldLinks(pool) },
  { name: 'keep-audit-partitions', when: '0 5 * * * *', timeZone: utc, run: keepAuditPartitions },
]

const attempt = (house: House, { name, run }: Job) =>
  run(house).catch((error: unknown) =>
    house.warn(`the job ${name} failed; it is tried again when it is next due`, { why: failureName(error) }),
  )

/** A job that is due while it still runs is nothing to worry about; what fails is told by `attempt`. */
const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }

export function startTick(house: House): { readonly close: () => Promise<void> } {
  const running = new Set<Promise<unknown>>()
  const tasks = jobs.map((job) =>
    schedule(
      job.when,
      async () => {
        const run = attempt(house, job)
        running.add(run)
        await run
        running.delete(run)
      },
      { timezone: job.timeZone(house), noOverlap: true, name: job.name, suppressMissedWarning: true, logger: silent },
    ),
  )
  return {
    close: async () => {
      for (const task of tasks) await task.destroy()
      await Promise.all(running)
    },
  }
}
