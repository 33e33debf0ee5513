/**
 * Visits that are moved in place, each to a free time of the day after, beside as many that are booked: what a move costs
 * besides a booking, since it gives one time back and takes another in one transaction.
 */
import { freeSlots, headersOf } from './clinic.ts'
import { askAll, type Call, type Figures, load } from './load.ts'
import { aims, bookDay, bookingDays, bookSlot, type Scene } from './measures.ts'
import { type Line, oddCodes } from './report.ts'

/** Of a server that has the operation. */
export async function moveLine(scene: Scene): Promise<Line[]> {
  const moves = await moveVisits(scene)
  if (!moves) return []
  const { booked, moved } = moves
  const [share, odd] = [moved.perSecond / booked.perSecond, oddCodes([booked, moved])]
  const figure = odd || `${share.toFixed(2)} of $book's rate`
  return [
    { name: '$reschedule', ours: moved, figure, aim: `${aims.moveShare} of $book's rate`, met: odd === '' && share >= aims.moveShare },
  ]
}

async function moveVisits(scene: Scene): Promise<{ booked: Figures; moved: Figures } | undefined> {
  const { target, patients, schedules, today } = scene
  const count = patients.length
  const each = Math.ceil(count / schedules.length)
  const on = async (day: number) => (await freeSlots(target, schedules, today + day * 86_400_000, each)).slice(0, count)
  const [from, to] = [await on(bookingDays.moves), await on(bookingDays.moves + 1)]
  const answers = await askAll(
    from.map((slot, i) => bookSlot(scene, slot, i)),
    target.connections,
  )
  const visits = answers.flatMap(({ status, text }) => (status === 201 ? [(JSON.parse(text) as { id: string }).id] : []))
  const pairs = visits.slice(0, to.length)
  const move = (i: number): Call => ({
    url: `${target.base}/Appointment/${pairs[i]}/$reschedule`,
    method: 'POST',
    headers: headersOf(target),
    body: JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'slot', valueReference: { reference: `Slot/${to[i]?.id}` } }],
    }),
  })
  const [tried] = await askAll([move(0)], 1)
  if (tried?.status !== 200) return undefined
  const moved = await load((i) => move(i + 1), { connections: target.connections, count: pairs.length - 1 })
  return { booked: await bookDay(scene, bookingDays.moves + 2, count), moved }
}
