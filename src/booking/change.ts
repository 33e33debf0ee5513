/**
 * One write of one resource, as the desks hand it to the engine, and what it may come to.
 */
import type { Actor } from '../access/actor.ts'
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { House } from '../store/house.ts'
import type { Wish } from './find-times.ts'
import { nextTimes } from './next-times.ts'

export type Change = {
  readonly type: string
  readonly id: string
  /** The current resource; undefined where there is none, or it is deleted. */
  readonly before?: Resource
  /** No row has this id yet, not even a deleted one. */
  readonly isNew: boolean
  readonly resource: Resource
  /** The JSON text to store; `resource` parsed from it. */
  readonly text: string
  readonly at: string
  readonly client: string
  /** From whom Consents may keep what it is about, and to whom that may be busy time; absent: nobody. */
  readonly actor?: Actor
  /** Written under a patient scope: booking rules bind it. */
  readonly patient?: string
  /** The confirmation number that it bears was drawn for it. */
  readonly drawn?: boolean
  readonly audit: AuditRow
}

/** Leaves a transaction that found the time taken; the next times are looked up once its connection is free again. */
export class TimeIsTaken extends Error {
  readonly wish: Wish | undefined
  /** The element that says the time. */
  readonly expression: string
  constructor(wish: Wish | undefined, expression: string) {
    super('time is taken')
    this.wish = wish
    this.expression = expression
  }
}

/** Another writer made the same id meanwhile: the whole write is judged again. */
export class IdIsTaken extends Error {}

const attemptsMax = 5

/** Runs a write that may lose a race: a taken time becomes a conflict with next times, a taken id another try. */
export async function withNextTimes<T>(house: House, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof TimeIsTaken)
        throw fault('conflict', 'This time is taken.', error.expression, error.wish ? await nextTimes(house, error.wish) : [])
      if (!(error instanceof IdIsTaken) || attempt >= attemptsMax) throw error
    }
  }
}
