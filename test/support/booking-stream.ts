/**
 * A stream of bookings against servers that may fall: who was answered what is kept, so that it can be asked again later.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Body, type Call, matches, parameters } from './house.ts'

export type Booking = { readonly id: string; readonly slot: string; readonly patient: string }

export type Stream = {
  /** Answered 201. */
  readonly booked: Booking[]
  /** Every other answer, by status; 0 where there was none. */
  readonly others: Map<number, number>
  /** Lets the bookings that are under way be answered, and starts no more. */
  readonly end: () => Promise<void>
}

export const freeSlots = async (call: Call, schedule: string): Promise<Body[]> =>
  matches(await call('GET', `Slot?schedule=Schedule/${schedule}&status=free&_sort=start&_count=1000`))

/** Of a desk that was not answered 201, as a client would that is told to ask again later. */
const untilNextMs = 200

/** One desk a list of Slots: each books its own, one after the other, for a patient of its own, through the calls in turn. */
export function bookAll(calls: readonly Call[], desks: readonly { readonly slots: readonly Body[]; readonly patient: string }[]): Stream {
  const booked: Booking[] = []
  const others = new Map<number, number>()
  const state = { ended: false }
  const count = (status: number) => others.set(status, (others.get(status) ?? 0) + 1)
  const work = desks.map(async ({ slots, patient }, desk) => {
    for (const [turn, slot] of slots.entries()) {
      const call = calls[(desk + turn) % calls.length]
      if (state.ended || !call) return
      const asked = call('POST', `Slot/${slot.id}/$book`, parameters({ patient: `Patient/${patient}` }))
      const answer = await asked.catch(() => undefined)
      if (answer?.status === 201) booked.push({ id: answer.json.id, slot: slot.id, patient })
      else {
        count(answer?.status ?? 0)
        // Else the Slots would be used up while the server or its database comes back.
        await pause(untilNextMs)
      }
    }
  })
  return {
    booked,
    others,
    end: async () => {
      state.ended = true
      await Promise.all(work)
    },
  }
}

/** Sentences about answered bookings that are not there any more. */
export async function lost(call: Call, booked: readonly Booking[]): Promise<string[]> {
  const answers = await Promise.all(
    booked.map(async ({ id, slot }) => {
      const [appointment, place] = await Promise.all([call('GET', `Appointment/${id}`), call('GET', `Slot/${slot}`)])
      const found = [appointment.status, appointment.json.status, place.json.status].join(' ')
      return found === '200 booked busy' ? [] : [`Appointment/${id}: ${found}`]
    }),
  )
  return answers.flat()
}
