/** One client: asks for one thing after the other at whichever server, and writes down what it asked and was answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Ask, type Json, patientsIn, resourcesIn, versionsIn } from './ask.ts'
import { type Known, makers, type Plan, weights } from './deeds.ts'
import type { Dice } from './dice.ts'
import type { Kind, Town } from './ground.ts'
import type { Deed, Outcome } from './history.ts'

export type Client = {
  readonly person: string
  readonly askAt: (server: number) => Ask
  readonly servers: number
  readonly town: Town
  readonly dice: Dice
  readonly known: Known
  readonly deeds: Deed[]
  /** The number of the next deed, of all clients. */
  readonly number: () => number
  readonly name: string
}

const repeatsMax = 40
const restMs = 60

export async function work(client: Client, isOver: () => boolean): Promise<void> {
  const { dice, deeds } = client
  while (!isOver()) {
    const kind = dice.weighted(weights)
    const id = client.number()
    const plan = makers[kind]({ town: client.town, dice, known: client.known, deed: id, name: client.name })
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
      makes: plan.makes ?? 0,
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
function learn({ known, town }: Client, kind: string, json: Json, plan: Plan): void {
  if (kind === 'offers')
    for (const one of resourcesIn(json))
      for (const { reference } of one?.resourceType === 'Communication' ? (one.about ?? []) : [])
        if (reference.startsWith('Appointment/')) known.offered.add(reference.slice('Appointment/'.length))
  if (kind === 'accept' || kind === 'decline') for (const id of plan.targets ?? []) known.offered.delete(id)
  for (const { id, status, slots } of versionsIn(json)) {
    if (plan.search) continue
    if (status === 'pending') known.held.push(id)
    if (status === 'booked' && !known.visits.slice(-60).some((one) => one.id === id)) known.visits.push({ id, kind: kindOf(town, slots) })
  }
}

const kindOf = (town: Town, slots: readonly string[]): Kind | 'loose' =>
  (Object.keys(town.kinds) as Kind[]).find((kind) =>
    kind === 'room' ? false : town.kinds[kind].some((place) => place.slots.some(({ id }) => slots.includes(id))),
  ) ?? 'loose'
