/** Deeds for histories that are made up, to see what the checker says of them. */
import type { Deed } from './history.ts'

/** Seconds since the run began. */
export const second = (n: number): number => Date.UTC(2027, 0, 1) + n * 1000

/** One that was asked for at that second and done two seconds later. */
export const deed = (id: number, kind: string, asked: number, more: Partial<Deed> = {}): Deed => ({
  ...{ id, client: 'Practitioner/client-0', kind, server: 0, outcome: 'ok', status: 200 },
  ...{ asked: second(asked), answered: second(asked + 2), targets: [], makes: 0, shown: [], patients: [] },
  ...more,
})
