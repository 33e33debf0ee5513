/**
 * What a judged move takes and writes: the new time, the places of days with a cap, and the row of the Appointment.
 */
import type { House } from '../../store/house.ts'
import type { ResourceWrite } from '../../store/resources.ts'
import type { TimeTaken } from '../../store/take-time.ts'
import type { DayPlace } from '../../store/visit-caps.ts'
import { capsOfAll } from '../day-places.ts'
import { resourceWrite } from '../resource-write.ts'
import { visitColumns } from '../time-of-visit.ts'
import type { TimeAsked } from '../visit-in-slot.ts'
import type { Judgement } from './judge-move.ts'

export const timeTakenBy = ({ input, move, asked }: Judgement, at: string): TimeTaken => ({
  ...move.time,
  ...aloneIn(asked),
  holder: `Appointment/${input.id}`,
  client: input.client,
  at,
})

/** Visits that move with it may still say their old times. */
export const aloneIn = ({ patient, others = [], overridden, leaving }: TimeAsked): Pick<TimeTaken, 'alone' | 'besides'> =>
  overridden || patient === '' ? {} : { alone: [patient, ...others].map((id) => `Patient/${id}`), besides: leaving?.ids }

export const dayPlacesOf = ({ input, move, asked }: Judgement): DayPlace[] =>
  capsOfAll(move, {
    start: move.visit.start,
    holder: `Appointment/${input.id}`,
    online: asked.online,
    bound: !asked.overridden,
    expires: move.time.expires,
  })

export const writeOf = (house: House, { input: { id, audit }, move: { resource, time } }: Judgement, at: string): ResourceWrite =>
  resourceWrite(house, resource, { id, at, columns: visitColumns(resource, time), audit })
