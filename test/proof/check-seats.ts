/**
 * Guarantee 1 for groups and for what the clinic lays over others: never more in a session than it has seats, nobody in it
 * twice, and no more over one time than there are lanes.
 */
import { certainly, type Held } from './held-time.ts'
import type { Aftermath, Broken, Claim, History } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 1, what })
/** docs/booking.md, Overbooking */
const lanes = 3

export function seatsAreEnough(history: History): Broken[] {
  const held = certainly(history).filter(({ when }) => when.from < when.until)
  return [...sessionsAreNotFull(held), ...nobodySitsTwice(held), ...lanesAreEnough(held), ...seatsStand(history.after)]
}

type Sat = { readonly held: Held; readonly claim: Claim }

const bySession = (held: readonly Held[]): Map<string, Sat[]> =>
  Map.groupBy(
    held.flatMap((one) => one.claims.flatMap((claim) => (claim.session === undefined ? [] : [{ held: one, claim }]))),
    ({ claim }) => `${claim.session} of ${claim.resource}`,
  )

function sessionsAreNotFull(held: readonly Held[]): Broken[] {
  return [...bySession(held)].flatMap(([name, sat]) => {
    const most = mostAtOnce(sat.map((one) => one.held))
    const seats = sat[0]?.claim.seats ?? 0
    return most.length > seats ? [broken(`${most.map(({ holder }) => holder)} each had one of the ${seats} seats of session ${name}`)] : []
  })
}

/** Those who had it together when most did. */
function mostAtOnce(held: readonly Held[]): readonly Held[] {
  const together = held.map(({ when }) => held.filter((other) => other.when.from <= when.from && when.from < other.when.until))
  return together.reduce((most, one) => (one.length > most.length ? one : most), [])
}

const nobodySitsTwice = (held: readonly Held[]): Broken[] =>
  [...bySession(held)].flatMap(([name, sat]) => {
    const of = Map.groupBy(
      sat.flatMap((one) => (one.held.visit?.patients ?? []).map((patient) => ({ patient, held: one.held }))),
      ({ patient }) => patient,
    )
    return [...of].flatMap(([patient, list]) => {
      const most = new Set(mostAtOnce(list.map((one) => one.held)).map(({ holder }) => holder))
      return most.size > 1 ? [broken(`Patient/${patient} had two seats of session ${name}: ${[...most]}`)] : []
    })
  })

function lanesAreEnough(held: readonly Held[]): Broken[] {
  const over = held.flatMap((one) => one.claims.flatMap((claim) => (claim.lane === undefined ? [] : [{ held: one, claim }])))
  return [...Map.groupBy(over, ({ claim }) => `${claim.resource} at ${new Date(claim.from).toISOString()}`)].flatMap(([name, list]) => {
    const most = mostAtOnce(list.map((one) => one.held))
    return most.length > lanes ? [broken(`${most.map(({ holder }) => holder)} were all laid over others of ${name}`)] : []
  })
}

/** The rows of the end: as many seats as there are, each of them once. */
function seatsStand({ claims }: Aftermath): Broken[] {
  const sessions = Map.groupBy(
    claims.filter(({ session }) => session !== undefined),
    ({ session, resource }) => `${session} of ${resource}`,
  )
  return [...sessions].flatMap(([name, sat]) => {
    const numbers = sat.map(({ seat }) => seat)
    const seats = Math.max(...sat.map((one) => one.seats ?? 0))
    const isWrong = new Set(numbers).size < numbers.length || numbers.some((seat = 0) => seat < 1 || seat > seats)
    return isWrong ? [broken(`the seats ${numbers.sort()} of ${seats} are taken in session ${name}`)] : []
  })
}
