/**
 * What years of visits and many clinics cost: two servers, one with a clinic of its own and one with the same clinic among
 * others and a long past. The two are asked in turns, so that a slow minute of the machine falls on both.
 */
import { fill } from './fill.ts'
import { load } from './load.ts'
import { bookDay, bookingDays, findWeek, firstScene, type Scene } from './measures.ts'
import { type Line, median } from './report.ts'
import type { Plan } from './run.ts'
import type { Server } from './server.ts'

export type Scale = Pick<Plan, 'rounds' | 'seconds' | 'connections' | 'today'> & {
  readonly few: Server
  readonly many: Server
  readonly slots: number
  readonly past: number
  readonly tell: (what: string) => void
}

const aim = 1.5
const fewSlots = 100_000
const perDay = 56
const horizonDays = 90
const bookingsPerRound = 200

export async function scaleLines(scale: Scale): Promise<Line[]> {
  const { few, many, tell } = scale
  const size = { ...scale, schedules: Math.ceil(fewSlots / perDay / horizonDays), perDay }
  const scenes = [await firstScene(few, size), await firstScene(many, size)] as const
  for (let day = 0; day < pastDays; day++) await bookDay(scenes[1], firstPastDay + day, bookingsPerRound)
  // Its jobs look each second for what is due: without indexes each look reads a table that grows.
  const filled = await many.without(() => fill(many.databaseUrl ?? '', scale.slots, scale.past, tell))
  tell(
    `${filled.slots.toLocaleString('en')} Slots and ${filled.past.toLocaleString('en')} past visits more in ${filled.seconds.toFixed(0)} s`,
  )
  const [finds, books]: [number, number][][] = [[], []]
  for (let round = -1; round < scale.rounds; round++) {
    const find = await inTurn(scenes, async (scene) => (await findFor(scene)).perSecond)
    const book = await inTurn(scenes, async (scene) => (await bookDay(scene, bookingDays.rounds + round + 1, bookingsPerRound)).perSecond)
    tell(`round ${round + 1}: $find-slots ${find.map(Math.round)}/s, $book ${book.map(Math.round)}/s`)
    // The first turn warms both.
    if (round >= 0) {
      finds?.push(find)
      books?.push(book)
    }
  }
  const sizes = `${millions(filled.slots)} million Slots and ${millions(filled.past)} million past visits against ${fewSlots.toLocaleString('en')} Slots`
  return [line(`$find-slots, ${sizes}`, finds ?? []), line('$book, the same', books ?? [])]
}

const pastDays = 5
const firstPastDay = 30
const millions = (count: number): string => (count / 1e6).toFixed(count < 1e6 ? 2 : 0)

const findFor = (scene: Scene) => load(findWeek(scene), { connections: scene.target.connections, seconds: scene.seconds })

async function inTurn(scenes: readonly [Scene, Scene], measure: (scene: Scene) => Promise<number>): Promise<[number, number]> {
  const few = await measure(scenes[0])
  return [few, await measure(scenes[1])]
}

function line(name: string, rates: readonly [number, number][]): Line {
  const slower = median(rates.map(([few, many]) => few / many))
  return { name, figure: `${slower.toFixed(2)} times as long`, aim: `${aim} times`, met: slower < aim }
}
