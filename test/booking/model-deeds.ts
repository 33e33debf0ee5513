/**
 * What can be done to a clinic, each deed twice: to the server, and to the model, which says beforehand what the answer
 * must be. Numbers choose among what there is, so that any list of numbers is a story and fast-check can shorten it.
 */
import { settleLapsedHolds } from '../../src/jobs/settle-lapsed-holds.ts'
import { instantIn } from '../support/clinic.ts'
import { type Answer, appointmentIn, type Body, parameters } from '../support/house.ts'
import { type ModelClinic, minuteMs, runOut, type Stored } from './model-clinic.ts'
import {
  blocksOver,
  type Claim,
  canTake,
  claimsOn,
  covers,
  type Holder,
  hasSlotsOver,
  isOpen,
  type Model,
  type ModelSlot,
  reaches,
  resourcesOf,
  type Span,
} from './model-time.ts'

/** An Appointment that was ever made. */
export type Visit = { readonly id: string; readonly patient: string }

export type World = {
  readonly clinic: ModelClinic
  readonly day: number
  readonly model: Model
  readonly visits: Visit[]
  readonly nextPatient: () => string
}

export type Choice = { readonly deed: DeedName; readonly a: number; readonly b: number; readonly c: number }

/** What was asked and answered, and which answers the model allows. */
export type Told = { readonly what: string; readonly answer: Answer; readonly allowed: readonly number[] }

type Deed = (world: World, choice: Choice, stored: ReadonlyMap<string, Stored>) => Promise<Told | undefined>

const nth = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length]
const name = (visit: Visit): string => `Appointment/${visit.id}`
const slotOf = ({ model }: World, n: number): ModelSlot | undefined => nth([...model.slots.values()], n)
const there = ({ model }: World, n: number): ModelSlot | undefined =>
  nth(
    [...model.slots.values()].filter((slot) => !slot.deleted),
    n,
  )
const live = ({ model, visits }: World): Visit[] => visits.filter((visit) => model.holders.has(name(visit)))
const held = (world: World): Visit[] => live(world).filter((visit) => world.model.holders.get(name(visit))?.held)
const pending = (world: World): Visit[] => world.visits.filter((visit) => world.model.lapsed.has(name(visit)))
const iso = (ms: number): string => new Date(ms).toISOString()

const claimsOf = ({ model }: World, slot: ModelSlot, span: Span = slot): Claim[] =>
  claimsOn(resourcesOf(model, slot.schedule), span, model.schedules.get(slot.schedule)?.bufferAfter)

const give = ({ model }: World, holder: string): void => {
  model.holders.delete(holder)
  model.lapsed.delete(holder)
}

/** A visit in a Slot, taken by an operation. A Slot that the same client has by hand gives way. */
const take =
  (operation: 'book' | 'hold', minutes?: number): Deed =>
  async (world, { a }) => {
    const slot = slotOf(world, a)
    if (!slot) return undefined
    const patient = world.nextPatient()
    const answer = await world.clinic.call(
      'POST',
      `Slot/${slot.id}/$${operation}`,
      parameters({ patient: `Patient/${patient}`, ...(minutes ? { duration: minutes } : {}) }),
    )
    return taken(world, answer, { slot, patient, minutes, isHold: operation === 'hold' })
  }

function taken(
  world: World,
  answer: Answer,
  { slot, patient, minutes, isHold, replaces }: { slot: ModelSlot; patient: string; minutes?: number; isHold: boolean; replaces?: Visit },
): Told {
  const span = { start: slot.start, end: minutes ? slot.start + minutes * minuteMs : slot.end }
  const except = [`Slot/${slot.id}`, ...(replaces ? [name(replaces)] : [])]
  const claims = claimsOf(world, slot, span)
  const may = canTake(world.model, { visit: span, claims, slots: [slot] }, except) && reaches(world.model, slot, span.end, except)
  const isOutside = isOpen(world.model, slot, except) && !hasSlotsOver(world.model, slot.schedule, span)
  const what = `${isHold ? 'hold' : 'book'} ${labelOf(slot)} for ${minutes ?? 'its'} minutes${replaces ? ` instead of ${replaces.id}` : ''}`
  const made = appointmentIn(answer)
  if (made && answer.status < 300) {
    if (replaces) give(world, name(replaces))
    give(world, `Slot/${slot.id}`)
    world.visits.push({ id: made.id, patient })
    world.model.holders.set(`Appointment/${made.id}`, { name: `Appointment/${made.id}`, held: isHold, claims })
  }
  return { what, answer, allowed: slot.deleted ? [410] : may ? [201] : isOutside ? [422] : [409] }
}

const labelOf = (slot: ModelSlot): string => `Slot/${slot.id} (${iso(slot.start).slice(11, 16)}-${iso(slot.end).slice(11, 16)})`

/** An operation on an Appointment that ends what it has. */
const end =
  (operation: 'cancel' | 'release', choose: (world: World) => readonly Visit[]): Deed =>
  async (world, { a }) => {
    const visit = nth(choose(world), a)
    if (!visit) return undefined
    const isBooked = world.model.holders.get(name(visit))?.held === false
    const answer = await world.clinic.call('POST', `Appointment/${visit.id}/$${operation}`, parameters({}))
    const allowed = operation === 'release' && isBooked ? [422] : [200]
    if (answer.status === 200) give(world, name(visit))
    return { what: `${operation} ${visit.id}`, answer, allowed }
  }

const confirm: Deed = async (world, { a }) => {
  const visit = nth([...live(world), ...pending(world)], a)
  if (!visit) return undefined
  const holder = world.model.holders.get(name(visit))
  const answer = await world.clinic.call('POST', `Appointment/${visit.id}/$book`, parameters({}))
  if (holder && answer.status === 200) world.model.holders.set(name(visit), { ...holder, held: false })
  return { what: `confirm ${visit.id}`, answer, allowed: holder ? (holder.held ? [200] : [409]) : [410] }
}

const rebook: Deed = async (world, { a, b }) => {
  const [visit, slot] = [nth(live(world), a), there(world, b)]
  if (!visit || !slot) return undefined
  const asked = parameters({ patient: `Patient/${visit.patient}`, 'cancelled-appt-id': visit.id })
  const answer = await world.clinic.call('POST', `Slot/${slot.id}/$book`, asked)
  return taken(world, answer, { slot, patient: visit.patient, isHold: false, replaces: visit })
}

const expire: Deed = async (world, { a }) => {
  const { model, clinic } = world
  const holder = nth(
    [...model.holders.values()].filter((one) => one.held),
    a,
  )
  if (!holder) return undefined
  await runOut(clinic, holder.name)
  model.holders.delete(holder.name)
  model.lapsed.set(holder.name, holder)
  return undefined
}

const settle: Deed = async ({ clinic, model }) => {
  await settleLapsedHolds(clinic.house)
  model.lapsed.clear()
  return undefined
}

/** The Appointment as it is stored, changed and written back by a front desk, whom only the claims bind. */
async function rewrite({ clinic }: World, visit: Visit, changes: object): Promise<Answer> {
  const current = await clinic.call('GET', `Appointment/${visit.id}`)
  return clinic.call('PUT', `Appointment/${visit.id}`, { ...current.json, ...changes })
}

const putMove: Deed = async (world, { a, b }) => {
  const [visit, slot] = [nth(live(world), a), there(world, b)]
  const before = visit && world.model.holders.get(name(visit))
  if (!visit || !slot || !before) return undefined
  const answer = await rewrite(world, visit, placeOf(world, slot, visit.patient))
  return moved(world, { what: `put ${visit.id} to ${labelOf(slot)}`, answer, visit, slot, isHold: before.held })
}

/** Booked again, or for good, from whatever it is now, but what was cancelled. */
const putBooked: Deed = async (world, { a, b }) => {
  const [visit, slot] = [nth(world.visits, a), there(world, b)]
  if (!visit || !slot) return undefined
  const current = await world.clinic.call('GET', `Appointment/${visit.id}`)
  if (current.status !== 200) return undefined
  const { extension: _extension, cancelationReason: _reason, ...rest } = current.json
  const body = { ...rest, status: 'booked', ...placeOf(world, slot, visit.patient) }
  const answer = await world.clinic.call('PUT', `Appointment/${visit.id}`, body)
  const what = `put ${visit.id} booked at ${labelOf(slot)}`
  if (current.json.status === 'cancelled') return { what, answer, allowed: [422] }
  return moved(world, { what, answer, visit, slot, isHold: false })
}

const placeOf = ({ clinic, model }: World, slot: ModelSlot, patient: string): Partial<Body> & { readonly minutesDuration: number } => ({
  start: iso(slot.start),
  end: iso(slot.end),
  minutesDuration: (slot.end - slot.start) / 60_000,
  slot: [{ reference: `Slot/${slot.id}` }],
  participant: [`Patient/${patient}`, ...resourcesOf(model, slot.schedule).filter((one) => one !== `Location/${clinic.room}`)].map(
    (reference) => ({
      actor: { reference },
      status: 'accepted',
    }),
  ),
})

type Move = { what: string; answer: Answer; visit: Visit; slot: ModelSlot; isHold: boolean }

function moved(world: World, { what, answer, visit, slot, isHold }: Move): Told {
  const claims = claimsOf(world, slot)
  const same = world.model.holders.get(name(visit))
  const stays = same !== undefined && same.held === isHold && JSON.stringify(same.claims) === JSON.stringify(claims)
  const may = canTake(world.model, { visit: slot, claims, slots: [slot] }, [name(visit), `Slot/${slot.id}`])
  if (answer.status < 300) {
    give(world, name(visit))
    give(world, `Slot/${slot.id}`)
    world.model.holders.set(name(visit), { name: name(visit), held: isHold, claims })
  }
  // What it has already it may keep, whatever was laid over it since.
  return { what, answer, allowed: stays ? [200, ...(may ? [] : [409])] : may ? [200] : [409] }
}

const putCancelled: Deed = async (world, { a }) => {
  const visit = nth(live(world), a)
  if (!visit) return undefined
  const answer = await rewrite(world, visit, { status: 'cancelled' })
  give(world, name(visit))
  return { what: `put ${visit.id} cancelled`, answer, allowed: [200] }
}

const putComment: Deed = async (world, { a, c }) => {
  const visit = nth([...live(world), ...pending(world)], a)
  if (!visit) return undefined
  const answer = await rewrite(world, visit, { comment: `Note ${c}` })
  return { what: `put a comment on ${visit.id}`, answer, allowed: [200] }
}

/** An Appointment that names people and a time, and no Slot. */
const post: Deed = async (world, { a, b, c }) => {
  const { clinic, model } = world
  const [one, two] = clinic.practitioners.map((id) => `Practitioner/${id}`)
  const room = `Location/${clinic.room}`
  const actors = nth([[one], [two], [room], [one, room], [one, two]], a)?.map(String) ?? []
  const span = spanOf(world, b, c)
  const patient = world.nextPatient()
  const answer = await clinic.call('POST', 'Appointment', {
    resourceType: 'Appointment',
    status: 'booked',
    start: iso(span.start),
    end: iso(span.end),
    participant: [`Patient/${patient}`, ...actors].map((reference) => ({ actor: { reference }, status: 'accepted' })),
  })
  const claims = claimsOn(actors, span)
  const allowed = canTake(model, { visit: span, claims, slots: [] }) ? [201] : [409]
  if (answer.status === 201) {
    world.visits.push({ id: answer.json.id, patient })
    model.holders.set(`Appointment/${answer.json.id}`, { name: `Appointment/${answer.json.id}`, held: false, claims })
  }
  return { what: `post for ${actors.join(' and ')} at ${iso(span.start)}`, answer, allowed }
}

/** Somewhere in the clinic's morning, on a grid of five minutes. */
function spanOf({ day }: World, b: number, c: number): Span {
  const start = Date.parse(instantIn(day, '09:00')) + (b % 36) * 5 * minuteMs
  return { start, end: start + (1 + (c % 9)) * 5 * minuteMs }
}

const removeVisit: Deed = async (world, { a }) => {
  const visit = nth([...live(world), ...pending(world)], a)
  if (!visit) return undefined
  const answer = await world.clinic.call('DELETE', `Appointment/${visit.id}`)
  give(world, name(visit))
  if (world.visits.includes(visit)) world.visits.splice(world.visits.indexOf(visit), 1)
  return { what: `delete ${visit.id}`, answer, allowed: [204] }
}

const slotStatuses = ['busy', 'busy-tentative', 'free', 'busy-unavailable'] as const

const putSlot: Deed = async (world, { a, c }, stored) => {
  const slot = slotOf(world, a)
  const status = nth(slotStatuses, c)
  if (!slot || !status) return undefined
  const answer = await world.clinic.call('PUT', `Slot/${slot.id}`, slotBody(slot, status, slot.id))
  const told = { what: `put ${labelOf(slot)} ${status}`, answer, allowed: putAllowed(world, slot, status, stored.get(slot.id)) }
  if (answer.status >= 300) return told
  const ours = stored.get(slot.id)
  // A live visit's Slot keeps its status: writing it as it is changes nothing.
  if (status !== 'busy-unavailable' && ours?.takenBy && world.model.holders.has(ours.takenBy) && ours.takenBy !== `Slot/${slot.id}`)
    return told
  if (isCovered(world, slot, status, ours)) return told
  // A block that is lifted leaves the Slot to whoever has had that time all along.
  if (slot.block && status !== 'busy-unavailable' && covers(world.model, slot).length > 0) slot.block = false
  else stand(world, slot, status)
  return told
}

/** Under another Slot's block or claim, and written back as it is: it stays that one's. */
const isCovered = ({ model }: World, slot: ModelSlot, status: string, stored: Stored | undefined): boolean => {
  const by = stored?.takenBy ?? ''
  const runs = stored?.status === 'busy-unavailable' || model.holders.has(by)
  return by.startsWith('Slot/') && by !== `Slot/${slot.id}` && runs && stored?.status === status
}

/** A block set busy is the visit's again that is first among those that lie over it: the booked ones before the held. */
function liftAllowed(others: readonly Holder[]): number[] {
  const isVisit = ({ name }: Holder): boolean => name.startsWith('Appointment/')
  const booked = others.filter(({ held }) => !held)
  if (booked.length > 0) return booked.some(isVisit) ? [200] : [409]
  return [...(others.some(isVisit) ? [200] : []), ...(others.every(isVisit) ? [] : [409])]
}

function putAllowed(world: World, slot: ModelSlot, status: string, stored: Stored | undefined): number[] {
  const { model } = world
  const self = `Slot/${slot.id}`
  const others = covers(model, slot).filter(({ name }) => name !== self)
  const done = [200, 201]
  if (status === 'busy-unavailable') return done
  if (stored?.takenBy?.startsWith('Appointment/') && model.holders.has(stored.takenBy)) return stored.status === status ? done : [409]
  if (isCovered(world, slot, status, stored)) return done
  if (slot.block && status === 'free') return done
  if (slot.block && others.length > 0) return liftAllowed(others)
  if (status === 'free') return slot.deleted || (others.length === 0 && blocksOver(model, slot).length === 0) ? done : [409]
  const claims = claimsOn(resourcesOf(model, slot.schedule), slot)
  const may = canTake(model, { visit: slot, claims, slots: [] }, [self])
  return may ? done : [409]
}

/** The Slot as a client has just written it. */
function stand({ model }: World, slot: ModelSlot, status: string): void {
  const self = `Slot/${slot.id}`
  model.holders.delete(self)
  model.lapsed.delete(self)
  slot.deleted = false
  slot.block = status === 'busy-unavailable'
  if (status === 'busy' || status === 'busy-tentative')
    model.holders.set(self, { name: self, held: status === 'busy-tentative', claims: claimsOn(resourcesOf(model, slot.schedule), slot) })
}

const slotBody = (slot: Span & { schedule: string }, status: string, id?: string): object => ({
  resourceType: 'Slot',
  ...(id ? { id } : {}),
  schedule: { reference: `Schedule/${slot.schedule}` },
  status,
  start: iso(slot.start),
  end: iso(slot.end),
})

const postSlot: Deed = async (world, { a, b, c }) => {
  const { model, clinic } = world
  const schedule = nth(clinic.schedules, a)?.id ?? ''
  const status = nth(slotStatuses, c) ?? 'free'
  const span = spanOf(world, b, c)
  const answer = await clinic.call('POST', 'Slot', slotBody({ ...span, schedule }, status))
  const claims = claimsOn(resourcesOf(model, schedule), span)
  const may = status === 'free' || status === 'busy-unavailable' || canTake(model, { visit: span, claims, slots: [] })
  if (answer.status === 201) {
    const slot = { ...span, id: answer.json.id, schedule, block: false, deleted: false }
    model.slots.set(slot.id, slot)
    stand(world, slot, status)
  }
  return { what: `post a ${status} Slot at ${iso(span.start)}-${iso(span.end)}`, answer, allowed: may ? [201] : [409] }
}

const removeSlot: Deed = async (world, { a }, stored) => {
  const { model, clinic } = world
  const slot = there(world, a)
  if (!slot) return undefined
  const holder = stored.get(slot.id)?.takenBy ?? ''
  const answer = await clinic.call('DELETE', `Slot/${slot.id}`)
  if (answer.status === 204) {
    stand(world, slot, 'free')
    slot.deleted = true
  }
  return {
    what: `delete ${labelOf(slot)}`,
    answer,
    allowed: holder.startsWith('Appointment/') && model.holders.has(holder) ? [409] : [204],
  }
}

export const deeds = {
  book: take('book'),
  hold: take('hold'),
  bookHour: take('book', 60),
  cancel: end('cancel', ({ visits }) => visits),
  cancelLive: end('cancel', live),
  release: end('release', (world) => [...held(world), ...live(world)]),
  confirm,
  rebook,
  expire,
  settle,
  putMove,
  putBooked,
  putCancelled,
  putComment,
  post,
  removeVisit,
  putSlot,
  postSlot,
  removeSlot,
} satisfies Record<string, Deed>

export type DeedName = keyof typeof deeds
/** Those that take time come more often than those that give it back. */
export const deedNames: readonly DeedName[] = [
  ...(Object.keys(deeds) as DeedName[]),
  'book',
  'book',
  'hold',
  'hold',
  'bookHour',
  'putSlot',
  'postSlot',
  'expire',
]
