/**
 * What a client may ask for of single visits, as plans. A deed leaves its mark in whatever it writes, so that nobody else's
 * work is taken for its.
 */
import { type Asked, mark, parameters } from './ask.ts'
import { bookSeries, cancelSeries, moveSeries } from './deeds-of-series.ts'
import type { Kind } from './ground.ts'
import type { Claim, Deed } from './history.ts'
import { claimed, type Maker, type Plan, post, recent, type Scene, somebody, somewhere } from './plan.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

function taking(operation: 'book' | 'hold', scene: Scene, more: Readonly<Record<string, string>> = {}): Plan | undefined {
  const at = somewhere(scene, ...booked)
  if (!at) return undefined
  const said = {
    patient: `Patient/${somebody(scene)}`,
    'healthcare-service': scene.town.services[at.kind],
    reason: { text: mark(scene.deed) },
  }
  return {
    asked: post(`Slot/${at.slot.id}/$${operation}`, parameters({ ...said, ...more })),
    makes: 1,
    wanted: [claimed(at.place, at.slot)],
  }
}

const booked: readonly Kind[] = ['short', 'short', 'long', 'waiting', 'group', 'group', 'asked', 'crowded']

const book: Maker = (scene) => taking('book', scene)
const hold: Maker = (scene) => taking('hold', scene)

const bookWithKey: Maker = (scene) => {
  const plan = taking('book', scene)
  return plan && { ...plan, repeats: true, asked: { ...plan.asked, headers: { 'idempotency-key': `${scene.name}-${scene.deed}` } } }
}

const replace: Maker = (scene) => {
  const old = recent(scene.dice, scene.known.visits)
  const plan = old && taking('book', scene, { 'cancelled-appt-id': `Appointment/${old.id}` })
  return plan && { ...plan, replaces: old.id }
}

/** The clinic lays it over whoever is there. */
const overbook: Maker = (scene) => {
  const at = somewhere(scene, 'crowded')
  if (!at) return undefined
  const said = {
    ...{ patient: `Patient/${somebody(scene)}`, 'healthcare-service': scene.town.services.crowded, reason: { text: mark(scene.deed) } },
    'overbook-reason': { text: mark(scene.deed) },
  }
  return { asked: post(`Slot/${at.slot.id}/$book`, parameters(said, [{ name: 'overbook', valueBoolean: true }])), makes: 1 }
}

/** Somebody of the clinic says yes or no to a request. */
const answer: Maker = ({ town, dice, all }) => {
  const id = dice.oneOf(all.requests.slice(-10))
  const [actor] = town.kinds.asked[0]?.claims ?? []
  if (id === undefined) return undefined
  const answers = dice.below(3) === 0 ? 'declined' : 'accepted'
  const body = {
    resourceType: 'AppointmentResponse',
    appointment: { reference: `Appointment/${id}` },
    actor: { reference: actor },
    participantStatus: answers,
  }
  return { asked: post('AppointmentResponse', body), targets: [id], answers }
}

/** A patient looks at, or would cancel or move, what is another's. */
const pry: Maker = (scene) => {
  const { town, dice, all, deed } = scene
  const self = somebody(scene)
  const other = recent(
    dice,
    all.visits.filter(({ patients }) => !patients.includes(self)),
  )
  const slot = dice.oneOf(dice.oneOf(town.schedules)?.slots ?? [])
  if (!other || !slot) return undefined
  const said = { reason: { text: mark(deed) } }
  const asked = dice.oneOf<Asked>([
    { method: 'GET', path: `Appointment/${other.id}` },
    post(`Appointment/${other.id}/$cancel`, parameters(said)),
    post(`Appointment/${other.id}/$reschedule`, parameters({ ...said, slot: `Slot/${slot.id}` })),
  ])
  return asked && { asked, pries: true }
}

/** The practitioner of a Slot, with either room. */
const bookJoint: Maker = (scene) => {
  const { town, dice } = scene
  const at = somewhere(scene, 'joint')
  if (!at) return undefined
  const groups = [town.kinds.joint, town.kinds.room]
  const asked = parameters(
    { patient: `Patient/${somebody(scene)}`, 'healthcare-service': town.services.joint, reason: { text: mark(scene.deed) } },
    groups.map((group) => ({
      name: 'resource-group',
      part: dice.shuffled(group).map(({ claims }) => ({ name: 'actor', valueReference: { reference: claims[0] } })),
    })),
  )
  const wanted = town.kinds.room.map((other) => [...claimed(at.place, at.slot), ...claimed(other, at.slot)])
  return { asked: post(`Slot/${at.slot.id}/$book`, asked), makes: 1, wanted }
}

const confirm: Maker = ({ dice, known }) => {
  const id = dice.oneOf(known.held.slice(-10))
  return id === undefined ? undefined : { asked: post(`Appointment/${id}/$book`, parameters({})), targets: [id] }
}

const release: Maker = ({ dice, known }) => {
  const id = dice.oneOf(known.held.slice(-10))
  return id === undefined ? undefined : { asked: post(`Appointment/${id}/$release`, parameters({})), targets: [id] }
}

const reschedule: Maker = (scene) => {
  const visit = recent(scene.dice, scene.known.visits)
  // A visit keeps its length, so one that lies beside the grid would take other Slots too.
  const at = visit && visit.kind !== 'loose' ? somewhere(scene, visit.kind) : undefined
  if (!visit || !at) return undefined
  const asked = post(`Appointment/${visit.id}/$reschedule`, parameters({ slot: `Slot/${at.slot.id}`, reason: { text: mark(scene.deed) } }))
  return { asked, targets: [visit.id], wanted: visit.kind === 'joint' ? undefined : [claimed(at.place, at.slot)] }
}

const cancel: Maker = ({ dice, known, deed }) => {
  const visit = recent(dice, known.visits)
  return (
    visit && {
      asked: post(`Appointment/${visit.id}/$cancel`, parameters({ reason: { text: mark(deed) } })),
      targets: [visit.id],
    }
  )
}

const participants = (references: readonly string[]): object[] =>
  references.map((reference) => ({ actor: { reference }, status: 'accepted' }))

/** A visit as a client writes it by itself; in a Slot, or beside all Slots and off every grid. */
function written(scene: Scene, kinds: readonly Kind[], loose: boolean): { body: Record<string, unknown>; wanted: Claim[] } | undefined {
  const at = somewhere(scene, ...kinds)
  if (!at) return undefined
  const { place, slot, kind } = at
  const start = loose ? slot.start + scene.dice.below(30) * minuteMs : slot.start
  const end = loose ? start + (5 + scene.dice.below(30)) * minuteMs : slot.end
  const actors = loose ? place.claims.slice(0, 1) : place.claims
  const body = {
    resourceType: 'Appointment',
    status: 'booked',
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    ...(loose ? {} : { slot: [{ reference: `Slot/${slot.id}` }], serviceType: scene.town.types[kind] }),
    comment: mark(scene.deed),
    participant: participants([`Patient/${somebody(scene)}`, ...actors]),
  }
  const wanted = loose ? actors.map((resource) => ({ resource, from: start, until: end })) : claimed(place, slot)
  return { body, wanted }
}

const writable: readonly Kind[] = ['short', 'long', 'waiting', 'joint']

const write: Maker = (scene) => {
  const one = written(scene, writable, scene.dice.below(2) === 0)
  return one && { asked: post('Appointment', one.body), makes: 1, wanted: [one.wanted] }
}

const put: Maker = (scene) => {
  const id = `${scene.name}-${scene.deed}`
  const one = written(scene, writable, scene.dice.below(2) === 0)
  return one && { asked: { method: 'PUT', path: `Appointment/${id}`, body: { ...one.body, id } }, makes: 1, wanted: [one.wanted] }
}

/** Whatever a visit was, it is this from now on: moved by hand. */
const overwrite: Maker = (scene) => {
  const visit = recent(scene.dice, scene.known.visits)
  const isLoose = visit?.kind === 'loose'
  // Written by the clinic nothing asks for its answer, and nothing sits in a session twice.
  if (visit && !isLoose && !writable.includes(visit.kind as Kind)) return undefined
  const one = visit && written(scene, isLoose ? writable : [visit.kind as Kind], isLoose)
  if (!visit || !one) return undefined
  const asked: Asked = { method: 'PUT', path: `Appointment/${visit.id}`, body: { ...one.body, id: visit.id } }
  return { asked, targets: [visit.id], wanted: [one.wanted] }
}

/** Two visits or none. */
const transaction: Maker = (scene) => {
  const both = [written(scene, ['short', 'long'], scene.dice.below(2) === 0), written(scene, ['joint', 'waiting'], false)]
  const entries = both.flatMap((one) => (one ? [one] : []))
  const body = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: scene.dice.shuffled(entries).map(({ body: resource }) => ({ resource, request: { method: 'POST', url: 'Appointment' } })),
  }
  return {
    asked: { method: 'POST', path: '', body, headers: { prefer: 'return=representation' } },
    makes: entries.length,
    wanted: [entries.flatMap(({ wanted }) => wanted)],
  }
}

const join: Maker = (scene) => {
  const body = {
    resourceType: 'Appointment',
    status: 'waitlist',
    comment: mark(scene.deed),
    priority: 1 + scene.dice.below(9),
    participant: [
      { actor: { reference: `Patient/${somebody(scene)}` }, status: 'accepted' },
      { actor: { reference: scene.town.services.waiting }, status: 'needs-action' },
    ],
  }
  return { asked: post('Appointment', body), makes: 1 }
}

const offers: Maker = () => ({ asked: { method: 'GET', path: 'Communication?status=in-progress&_count=20' } })

const answerOffer =
  (operation: string, reach?: Deed['reach']): Maker =>
  ({ dice, known }) => {
    const id = dice.oneOf([...known.offered])
    return id === undefined ? undefined : { asked: post(`Appointment/${id}/$${operation}`, parameters({})), targets: [id], reach }
  }

const read: Maker = ({ dice, known }) => {
  const visit = recent(dice, known.visits)
  return visit && { asked: { method: 'GET', path: `Appointment/${visit.id}` }, search: { of: 'appointment', appointment: visit.id } }
}

const searchPatient: Maker = (scene) => {
  const patient = somebody(scene)
  return { asked: { method: 'GET', path: `Appointment?patient=Patient/${patient}&_count=500` }, search: { of: 'patient', patient } }
}

const slotSearch =
  (of: 'free' | 'found'): Maker =>
  (scene) => {
    const at = somewhere(scene, 'short', 'long', 'waiting', 'group', 'crowded')
    if (!at) return undefined
    const day = Math.floor(at.slot.start / dayMs)
    const [from, until] = [new Date(day * dayMs).toISOString(), new Date((day + 1) * dayMs).toISOString()]
    const path =
      of === 'free'
        ? `Slot?schedule=Schedule/${at.place.id}&status=free&start=ge${from}&start=lt${until}&_count=200`
        : `Schedule/${at.place.id}/$find-slots?start=${from}&end=${until}&healthcare-service=${scene.town.services[at.kind]}&_count=200`
    return { asked: { method: 'GET', path }, search: { of, schedule: at.place.id, day, slots: [] } }
  }

export const makers = {
  book,
  overbook,
  answer,
  pry,
  'book with a key': bookWithKey,
  'book a joint visit': bookJoint,
  hold,
  confirm,
  release,
  replace,
  reschedule,
  cancel,
  write,
  put,
  overwrite,
  transaction,
  join,
  offers,
  accept: answerOffer('accept-offer', 'patient'),
  decline: answerOffer('decline-offer'),
  read,
  'search a patient': searchPatient,
  'search free Slots': slotSearch('free'),
  find: slotSearch('found'),
  'book a series': bookSeries,
  'move a series': moveSeries,
  'cancel a series': cancelSeries,
} as const satisfies Readonly<Record<string, Maker>>

/** How often somebody of the clinic asks for each. */
export const weights: Readonly<Record<keyof typeof makers, number>> = {
  book: 12,
  overbook: 5,
  answer: 4,
  pry: 0,
  'book with a key': 4,
  'book a joint visit': 6,
  hold: 6,
  confirm: 3,
  release: 2,
  replace: 4,
  reschedule: 10,
  cancel: 16,
  write: 6,
  put: 3,
  overwrite: 4,
  transaction: 4,
  join: 3,
  offers: 3,
  accept: 2,
  decline: 1,
  read: 4,
  'search a patient': 5,
  'search free Slots': 4,
  find: 6,
  'book a series': 6,
  'move a series': 5,
  'cancel a series': 3,
}

/** What a patient asks for with a token of their own. */
export const weightsOfPatients: Readonly<Partial<Record<keyof typeof makers, number>>> = {
  book: 10,
  'book with a key': 3,
  hold: 3,
  confirm: 3,
  release: 1,
  replace: 4,
  reschedule: 8,
  cancel: 8,
  write: 3,
  read: 2,
  'search a patient': 4,
  'search free Slots': 2,
  pry: 4,
}
