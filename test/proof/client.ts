/** One client: asks for one thing after the other at whichever server, and writes down what it asked and was answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Ask, type Json, patientsIn, resourcesIn, versionsIn } from './ask.ts'
import { makers, weights, weightsOfPatients } from './deeds.ts'
import type { Dice } from './dice.ts'
import type { Kind, Town } from './ground.ts'
import type { Deed, Outcome } from './history.ts'
import type { Known, Plan } from './plan.ts'

export type Client = {
  readonly person: string
  readonly askAt: (server: number) => Ask
  readonly servers: number
  readonly town: Town
  readonly dice: Dice
  /** What everybody knows of. */
  readonly all: Known
  /** What this one may ask for. */
  readonly known: Known
  /** A patient who asks for themselves. */
  readonly self?: string
  readonly deeds: Deed[]
  /** The number of the next deed, of all clients. */
  readonly number: () => number
  readonly name: string
}

const repeatsMax = 40
/** One in so many cancelled visits goes on being asked for. */
const forgotten = 8
const restMs = 60

export async function work(client: Client, isOver: () => boolean): Promise<void> {
  const { dice, deeds, town, known, all, name, self } = client
  while (!isOver()) {
    const kind = dice.weighted<keyof typeof makers>(self === undefined ? weights : weightsOfPatients)
    const id = client.number()
    const plan = makers[kind]({ town: self === undefined ? town : { ...town, patients: [self] }, dice, known, all, deed: id, name })
    if (!plan) continue
    const deed = await perform(client, kind, id, plan)
    deeds.push(deed)
    if (deed.outcome === 'unknown') await sleep(restMs + dice.below(restMs))
  }
}

const outcomeOf = (answer: Answer | undefined): Outcome => {
  if (!answer || answer.status >= 500) return 'unknown'
  return answer.status < 300 ? 'ok' : 'refused'
}

async function perform(client: Client, kind: string, id: number, plan: Plan): Promise<Deed> {
  const { dice, person } = client
  const asked = Date.now()
  let server = dice.below(client.servers)
  let answer = await client.askAt(server)(plan.asked)
  for (let again = 0; plan.repeats && again < repeatsMax && isUndecided(answer); again++) {
    await sleep(restMs)
    server = dice.below(client.servers)
    answer = await client.askAt(server)(plan.asked)
  }
  const answered = Date.now() + 1
  const outcome = outcomeOf(answer)
  const shown = outcome === 'ok' && answer ? versionsIn(answer.json) : []
  if (outcome === 'ok' && answer) learn(client, kind, answer.json, plan)
  return {
    ...{ id, client: person, kind, server, asked, answered, outcome, status: answer?.status ?? 0 },
    ...{
      targets: plan.targets ?? [],
      reach: plan.reach,
      answers: plan.answers,
      self: client.self,
      pries: plan.pries,
      said: answer && answer.status >= 400 ? answer.text : undefined,
      makes: plan.makes ?? 0,
      orFewer: plan.orFewer,
      wanted: plan.wanted,
      replaces: plan.replaces,
      repeated: plan.repeats,
    },
    shown,
    patients: outcome === 'ok' && answer ? patientsIn(answer.text) : [],
    ...(plan.search && { search: 'slots' in plan.search ? { ...plan.search, slots: slotsIn(answer) } : plan.search }),
  }
}

/** Not answered, or the first asking is still under way. */
const isUndecided = (answer: Answer | undefined): boolean =>
  outcomeOf(answer) === 'unknown' || (answer?.status === 409 && /Idempotency-Key/i.test(answer.text))

const slotsIn = (answer: Answer | undefined): string[] =>
  answer ? resourcesIn(answer.json).flatMap((one: Json) => (one?.resourceType === 'Slot' ? [one.id] : [])) : []

/** What was made can be asked for by everybody. */
function learn({ all, known, town, dice }: Client, kind: string, json: Json, plan: Plan): void {
  for (const one of new Set([all, known])) learned(one, town, dice, kind, json, plan)
}

function learned(known: Known, town: Town, dice: Dice, kind: string, json: Json, plan: Plan): void {
  if (kind === 'offers')
    for (const one of resourcesIn(json))
      for (const { reference } of one?.resourceType === 'Communication' ? (one.about ?? []) : [])
        if (reference.startsWith('Appointment/')) known.offered.add(reference.slice('Appointment/'.length))
  if (kind === 'accept' || kind === 'decline') for (const id of plan.targets ?? []) known.offered.delete(id)
  const shown = versionsIn(json)
  for (const { id, status, slots, patients } of shown) {
    const isRequest = kind !== 'hold' && kindOf(town, slots) === 'asked'
    if (status === 'pending' && !plan.search) (isRequest ? known.requests : known.held).push(id)
    const at = known.visits.findIndex((one) => one.id === id)
    if (status === 'booked' && at < 0) known.visits.push({ id, kind: kindOf(town, slots), patients })
    if (status === 'cancelled' && at >= 0 && dice.below(forgotten) > 0) known.visits.splice(at, 1)
  }
  if (kind === 'book a series') known.series.push({ kind: kindOf(town, shown[0]?.slots ?? []), members: shown.map(({ id }) => id) })
}

const kindOf = (town: Town, slots: readonly string[]): Kind | 'loose' =>
  (Object.keys(town.kinds) as Kind[]).find((kind) =>
    kind === 'room' ? false : town.kinds[kind].some((place) => place.slots.some(({ id }) => slots.includes(id))),
  ) ?? 'loose'
