/**
 * One run of the bench, in order: a small clinic and what find and book cost in it; the whole clinic and the same again;
 * then every job in turns with the bare limit; then the stampede. What comes out is lines of a report.
 */
import { dayMs } from '../../src/base/durations.ts'
import { bulkLines } from './bulk.ts'
import { countSlots, createSchedules, ensureSlots, firstClinic, type Ground, type Target } from './clinic.ts'
import { settle } from './fill.ts'
import { createGroups, findJoint } from './joint.ts'
import { startLimit } from './limit-client.ts'
import { askAll, type Figures, load } from './load.ts'
import {
  aims,
  bookDay,
  bookingDays,
  explainDay,
  findSpecialty,
  findWeek,
  type Job,
  jobs,
  patientCount,
  type Scene,
  type Stampede,
  slotsPerTransaction,
  stampede,
  type Turn,
  transactSlots,
  turn,
} from './measures.ts'
import { type Line, median, oddCodes, rate } from './report.ts'
import { moveLine } from './reschedule.ts'
import { restLines } from './rest.ts'
import { bookSeriesOfTwelve, visitsOfSeries } from './series.ts'
import type { Server } from './server.ts'
import { waitlistLine } from './waitlist.ts'

export type Plan = {
  readonly schedules: number
  /** Slots of one Schedule and day. */
  readonly perDay: number
  readonly connections: number
  readonly seconds: number
  readonly rounds: number
  readonly today: number
  /** Undefined: everything. */
  readonly only?: readonly string[]
}

type Run = { readonly server: Server; readonly plan: Plan; readonly tell: (what: string) => void }

/** A Schedule without a planningHorizon has Slots for so many days. */
const horizonDays = 90
const smallSlots = 10_000
const slotsToJudgeBy = 900_000
const crowd = 500
const stampedes = 3
const growthDays = 15
/** Fewer times the Slots say nothing about growth. */
const growthLeast = 10
const bookingsPerGrowthDay = 100
const generationPatienceMs = 120_000

/** What is measured besides the jobs, by the name that `--only` gives it. */
const measures = [
  'specialty',
  'explain',
  'joint',
  'series',
  'transaction',
  'reschedule',
  'waitlist',
  'stampede',
  'growth',
  'bulk',
  'rest',
] as const
type Measure = (typeof measures)[number]
type Wants = (name: Measure) => boolean
export const measured: readonly (Job | Measure)[] = ['read', 'slots', 'find', 'book', ...measures]

export async function runBench(run: Run): Promise<Line[]> {
  const { server, plan, tell } = run
  const wants: Wants = (name) => plan.only === undefined || plan.only.includes(name)
  const target: Target = { base: server.base, token: server.token, connections: plan.connections }
  const first = Math.min(plan.schedules, Math.ceil(smallSlots / plan.perDay / horizonDays))
  const { filled, ...small } = await firstClinic(target, {
    patients: patientCount,
    schedules: first,
    perDay: plan.perDay,
    tomorrow: plan.today + dayMs,
    patienceMs: server.databaseUrl ? generationPatienceMs : 5000,
  })
  const scene: Scene = { target, ...small, today: plan.today, seconds: plan.seconds }
  const posted = filled === 'posted'
  const offered = await offers(scene)
  tell(`$find-slots and $book were answered ${offered.answers}`)
  const grows = wants('growth') && offered.find && offered.book && !posted && first * growthLeast <= plan.schedules
  const before = grows ? await growth(scene, bookingDays.small, server.databaseUrl) : undefined
  const whole = await wholeClinic(run, target, small.ground, small.schedules, posted)
  const after = before && (await growth(scene, bookingDays.large, server.databaseUrl))
  const making = server.peakMemory()
  const lines = await besideLimit(run, { ...scene, schedules: whole.ids }, offered, wants)
  const memory = memoryLines(making, server.peakMemory())
  const bulk = server.databaseUrl && wants('bulk') ? await bulkLines(server, tell) : []
  const rest = wants('rest') ? await restLines({ ...scene, schedules: whole.ids }) : []
  return [...lines, ...rest, ...growthLines(before, after), ...whole.lines, ...memory, ...bulk]
}

type Offered = { readonly find: boolean; readonly book: boolean; readonly transaction: boolean; readonly answers: string }

/** What a server refuses is not measured: each operation is tried once. */
async function offers(scene: Scene): Promise<Offered> {
  const [find] = await askAll([findWeek(scene)(0)], 1)
  const booked = await bookDay(scene, bookingDays.warmUp, 1)
  const [transacted] = await askAll([transactSlots(scene)(0)], 1)
  return {
    find: find?.status === 200,
    book: booked.codes[201] === 1 || booked.codes[200] === 1,
    transaction: transacted?.status === 200,
    answers: `${find?.status} and ${Object.keys(booked.codes)}`,
  }
}

async function wholeClinic(
  { plan, tell }: Run,
  target: Target,
  ground: Ground,
  small: string[],
  posted: boolean,
): Promise<{ ids: string[]; lines: Line[] }> {
  const before = await countSlots(target)
  tell(`${before} Slots; making ${plan.schedules - small.length} Schedules more`)
  const more = await createSchedules(target, ground, small.length, plan.schedules - small.length, plan.perDay)
  const ids = [...small, ...more.ids]
  await ensureSlots(target, ids, plan.today + dayMs, posted ? 0 : generationPatienceMs)
  const seconds = (performance.now() - more.started) / 1000
  const made = (await countSlots(target)) - before
  if (posted || !(made > 0)) return { ids, lines: [] }
  const figure = `${made.toLocaleString('en')} in ${seconds.toFixed(1)} s`
  const aimed = { aim: '1,000,000 in 60 s', met: made / seconds >= aims.generatedPerSecond }
  // Of a small clinic most of the time goes into writing the Schedules.
  return { ids, lines: [{ name: 'Slots made from rules', figure, ...(made >= slotsToJudgeBy ? aimed : {}) }] }
}

type Growth = { readonly find: Figures; readonly book: number }

/** Find and book on the same few Schedules, first with few Slots beside theirs and later with many; not with what making those left to do. */
async function growth(scene: Scene, day: number, databaseUrl?: string): Promise<Growth> {
  const { connections } = scene.target
  if (databaseUrl) await settle(databaseUrl)
  await load(findWeek(scene), { connections, seconds: 1 })
  const find = await load(findWeek(scene), { connections, seconds: scene.seconds })
  const rates: number[] = []
  for (let n = 0; n < growthDays; n++) rates.push((await bookDay(scene, day + n, bookingsPerGrowthDay)).perSecond)
  return { find, book: median(rates) }
}

function growthLines(before?: Growth, after?: Growth): Line[] {
  if (!before || !after) return []
  const line = (name: string, slower: number): Line => ({
    name: `${name}, all Slots against ${smallSlots.toLocaleString('en')}`,
    figure: `${slower.toFixed(2)} times as long`,
    aim: `${aims.slowdown} times`,
    met: slower <= aims.slowdown,
  })
  return [line('$find-slots', before.find.perSecond / after.find.perSecond), line('$book', before.book / after.book)]
}

async function besideLimit({ server, plan, tell }: Run, scene: Scene, offered: Offered, wants: Wants): Promise<Line[]> {
  const size = { schedules: plan.schedules, perDay: plan.perDay, days: horizonDays }
  const wanted = (Object.keys(jobs) as Job[])
    .filter((job) => (job === 'find' ? offered.find : job === 'book' ? offered.book : true))
    .filter((job) => plan.only === undefined || plan.only.includes(job))
  const limit = server.databaseUrl && wanted.length > 0 ? await startLimit(server.databaseUrl, size, plan.today) : undefined
  try {
    const turned = await turns({ ...scene, limit }, wanted, plan.rounds, tell)
    return [...turned, ...(await further(scene, offered, wants, server.databaseUrl))]
  } finally {
    await limit?.stop()
  }
}

async function turns(scene: Scene, wanted: readonly Job[], rounds: number, tell: Run['tell']): Promise<Line[]> {
  const done = new Map<Job, Turn[]>(wanted.map((job) => [job, []]))
  for (const job of wanted.filter((one) => one !== 'book')) await turn({ ...scene, seconds: 1 }, job, 0)
  for (let round = 0; round < rounds; round++) {
    for (const job of wanted) {
      const one = await turn(scene, job, round)
      done.get(job)?.push(one)
      tell(`round ${round + 1}, ${jobs[job]}: ${rate(one.ours)}/s, limit ${rate(one.limit)}/s`)
    }
  }
  return wanted.map((job) => jobLine(job, done.get(job) ?? []))
}

/** One after the other, of what the server offers. */
async function further(scene: Scene, { find, book, transaction }: Offered, wants: Wants, databaseUrl?: string): Promise<Line[]> {
  return [
    ...(find && wants('specialty') ? await specialtyLine(scene) : []),
    ...(find && wants('explain') ? await explainLine(scene) : []),
    ...(find && wants('joint') ? await jointLine(scene) : []),
    ...(book && wants('series') ? await seriesLine(scene) : []),
    ...(transaction && wants('transaction') ? await transactionLine(scene) : []),
    ...(book && wants('reschedule') ? await moveLine(scene) : []),
    ...(book && databaseUrl && wants('waitlist') ? await waitlistLine(scene, databaseUrl) : []),
    ...(book && wants('stampede') ? await crowdLine(scene) : []),
  ]
}

const middle = (figures: readonly Figures[]): Figures | undefined =>
  figures.toSorted((a, b) => a.perSecond - b.perSecond)[figures.length >> 1]

function jobLine(job: Job, turnsOfJob: readonly Turn[]): Line {
  const shares = turnsOfJob.flatMap(({ ours, limit }) => (limit ? [ours.perSecond / limit.perSecond] : []))
  const share = median(shares)
  const odd = oddCodes(turnsOfJob.map(({ ours }) => ours))
  const limit = middle(turnsOfJob.flatMap((one) => one.limit ?? []))
  const figures = { name: jobs[job], limit, ours: middle(turnsOfJob.map(({ ours }) => ours)) }
  const figure = [shares.length > 0 ? `${share.toFixed(2)} of the limit` : '', odd].filter(Boolean).join('; ')
  if (shares.length === 0) return { ...figures, figure }
  return { ...figures, figure, aim: `${aims.share[job]} of the limit`, met: odd === '' && share >= aims.share[job] }
}

async function specialtyLine(scene: Scene): Promise<Line[]> {
  const timed = { connections: scene.target.connections, seconds: scene.seconds }
  await load(findSpecialty(scene), { ...timed, seconds: 1 })
  const ours = await load(findSpecialty(scene), timed)
  const odd = oddCodes([ours])
  const figure = odd || `p99 ${ours.p99.toFixed(1)} ms`
  return [
    {
      name: '$find-slots, a specialty, two weeks',
      ours,
      figure,
      aim: `p99 ${aims.specialtyP99Ms} ms`,
      met: odd === '' && ours.p99 < aims.specialtyP99Ms,
    },
  ]
}

/** One question at a time: what somebody at the desk waits for. */
async function jointLine(scene: Scene): Promise<Line[]> {
  const groups = await createGroups(scene.target)
  const make = findJoint(scene.target, groups, scene.today)
  const [first] = await askAll([make(0)], 1)
  if (first?.status !== 200 || !first.text.includes('visit')) return []
  const timed = { connections: 1, seconds: scene.seconds }
  await load(make, { ...timed, seconds: 1 })
  const ours = await load(make, timed)
  const odd = oddCodes([ours])
  const figure = odd || `p99 ${ours.p99.toFixed(1)} ms`
  const met = odd === '' && ours.p99 < aims.jointP99Ms
  return [{ name: '$find-slots, any of 20, of 10 and of 5 at once, two weeks', ours, figure, aim: `p99 ${aims.jointP99Ms} ms`, met }]
}

/** Of a server that books series. */
async function seriesLine(scene: Scene): Promise<Line[]> {
  const ours = await bookSeriesOfTwelve(scene)
  if (!ours) return []
  const odd = oddCodes([ours])
  const figure = odd || `p99 ${ours.p99.toFixed(1)} ms`
  const met = odd === '' && ours.p99 < aims.seriesP99Ms
  return [{ name: `$book, a series of ${visitsOfSeries}`, ours, figure, aim: `p99 ${aims.seriesP99Ms} ms`, met }]
}

/** Of a server that has the operation. */
async function explainLine(scene: Scene): Promise<Line[]> {
  const timed = { connections: scene.target.connections, seconds: scene.seconds }
  const tried = await load(explainDay(scene), { ...timed, seconds: 1 })
  if (!tried.codes[200]) return []
  const ours = await load(explainDay(scene), timed)
  return [{ name: '$explain-availability, a day', ours, figure: oddCodes([ours]) || `p99 ${ours.p99.toFixed(1)} ms` }]
}

async function transactionLine(scene: Scene): Promise<Line[]> {
  const timed = { connections: scene.target.connections, seconds: scene.seconds }
  await load(transactSlots(scene), { ...timed, seconds: 1 })
  const ours = await load(transactSlots(scene), timed)
  const odd = oddCodes([ours])
  const figure = odd || `${rate({ ...ours, perSecond: ours.perSecond * slotsPerTransaction })} Slots/s`
  const aim = aims.transactionsPerSecond
  return [{ name: `transaction of ${slotsPerTransaction} Slots`, ours, figure, aim: `${aim}/s`, met: odd === '' && ours.perSecond >= aim }]
}

/** The middle one of a few stampedes, each on a Slot of its own; one that has not exactly one winner is told and a miss. */
async function crowdLine(scene: Scene): Promise<Line[]> {
  const runs: Stampede[] = []
  for (let n = 0; n < stampedes; n++) runs.push(await stampede(scene, crowd, n))
  const p99 = median(runs.map(({ losers }) => losers.p99))
  const fair = runs.every(({ winners, losers }) => winners === 1 && losers.codes[409] === crowd - 1)
  const figure = `p99 ${p99.toFixed(0)} ms${fair ? '' : `; won by ${runs.map(({ winners }) => winners)}, ${oddCodes(runs.map(({ losers }) => losers))}`}`
  return [{ name: `losers of ${crowd} at one Slot`, figure, aim: `p99 ${aims.losersP99Ms} ms`, met: fair && p99 < aims.losersP99Ms }]
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`

function memoryLines(making?: number, answering?: number): Line[] {
  if (making === undefined || answering === undefined) return []
  const aimed = { aim: megabytes(aims.rssBytes), met: answering < aims.rssBytes }
  return [
    { name: 'memory of the server under load', figure: megabytes(answering), ...aimed },
    { name: 'memory while Slots are made', figure: megabytes(making) },
  ]
}
