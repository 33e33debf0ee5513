/**
 * Who has which time, as a page of sets and intervals: what the engine is compared with. It knows nothing of SQL, of
 * statements or of the order in which things happened, only what holds now (docs/booking.md).
 */

export type Span = { readonly start: number; readonly end: number }
export type Claim = Span & { readonly resource: string }

/** An Appointment, or a Slot taken by hand, that has time just now. */
export type Holder = {
  /** `Appointment/1`, `Slot/2` */
  readonly name: string
  readonly held: boolean
  readonly claims: readonly Claim[]
}

export type ModelSlot = Span & { readonly id: string; readonly schedule: string; block: boolean; deleted: boolean }

export type ModelSchedule = { readonly id: string; readonly resources: readonly string[]; readonly bufferAfter: number }

export type Model = {
  readonly schedules: ReadonlyMap<string, ModelSchedule>
  readonly slots: Map<string, ModelSlot>
  readonly holders: Map<string, Holder>
  /** Run out, and not yet cleared away by the sweep. */
  readonly lapsed: Map<string, Holder>
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end
const share = (a: readonly string[], b: readonly string[]): boolean => a.some((one) => b.includes(one))

export const resourcesOf = (model: Model, schedule: string): readonly string[] => model.schedules.get(schedule)?.resources ?? []

const over = (model: Model, slot: ModelSlot, holders: Iterable<Holder>): Holder[] =>
  [...holders].filter(({ claims }) =>
    claims.some((claim) => resourcesOf(model, slot.schedule).includes(claim.resource) && overlap(claim, slot)),
  )

/** The live holders whose time lies over a Slot. */
export const covers = (model: Model, slot: ModelSlot): Holder[] => over(model, slot, model.holders.values())

const blocks = (model: Model, span: Span, resources: readonly string[], except: string): ModelSlot[] =>
  [...model.slots.values()].filter(
    (slot) =>
      slot.block && !slot.deleted && slot.id !== except && overlap(slot, span) && share(resourcesOf(model, slot.schedule), resources),
  )

export const blocksOver = (model: Model, slot: ModelSlot): ModelSlot[] => blocks(model, slot, resourcesOf(model, slot.schedule), slot.id)

/** Whether a Slot can be taken by somebody who gives up what `except` have. */
export const isOpen = (model: Model, slot: ModelSlot, except: readonly string[]): boolean =>
  !slot.deleted &&
  !slot.block &&
  covers(model, slot).every(({ name }) => except.includes(name)) &&
  blocksOver(model, slot).every(({ id }) => except.includes(`Slot/${id}`))

export const claimsOn = (resources: readonly string[], span: Span, bufferAfter = 0): Claim[] =>
  resources.map((resource) => ({ resource, start: span.start, end: span.end + bufferAfter }))

/** Whether a visit may take these claims and Slots; `except` names holders that give way. */
export function canTake(
  model: Model,
  wanted: { readonly visit: Span; readonly claims: readonly Claim[]; readonly slots: readonly ModelSlot[] },
  except: readonly string[] = [],
): boolean {
  const clash = [...model.holders.values()].some(
    ({ name, claims }) =>
      !except.includes(name) && claims.some((c) => wanted.claims.some((w) => w.resource === c.resource && overlap(w, c))),
  )
  const resources = wanted.claims.map(({ resource }) => resource)
  const blocked = blocks(model, wanted.visit, resources, '').some(({ id }) => !except.includes(`Slot/${id}`))
  return !clash && !blocked && wanted.slots.every((slot) => isOpen(model, slot, except))
}

/** Every status that a Slot may show: one for each kind of thing that lies over it, and free where nothing does. */
export function statusesOf(model: Model, slot: ModelSlot): Set<string> {
  if (slot.deleted) return new Set(['gone'])
  if (slot.block) return new Set(['busy-unavailable'])
  const shown = new Set<string>(covers(model, slot).map(({ held }) => (held ? 'busy-tentative' : 'busy')))
  if (blocksOver(model, slot).length > 0) shown.add('busy-unavailable')
  if (shown.size === 0) shown.add('free')
  if (over(model, slot, model.lapsed.values()).length > 0) shown.add('busy-tentative')
  return shown
}

/** The Slots of a Schedule that a visit of their own length can start in. */
export function findable(model: Model, schedule: string): string[] {
  const { resources = [], bufferAfter = 0 } = model.schedules.get(schedule) ?? {}
  return [...model.slots.values()]
    .filter((slot) => slot.schedule === schedule)
    .filter((slot) => canTake(model, { visit: slot, claims: claimsOn(resources, slot, bufferAfter), slots: [slot] }))
    .sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id)
}

/** Whether open Slots of one Schedule follow each other without a gap from `first` until `end`. */
export function reaches(model: Model, first: ModelSlot, end: number, except: readonly string[] = []): boolean {
  if (!isOpen(model, first, except)) return false
  if (first.end >= end) return true
  return [...model.slots.values()].some((next) => next.schedule === first.schedule && next.start === first.end && reaches(model, next, end))
}

/** Whether the Schedule has Slots, whoever has them, over the whole span. */
export function hasSlotsOver(model: Model, schedule: string, { start, end }: Span): boolean {
  let reached = start
  for (const slot of [...model.slots.values()].sort((a, b) => a.start - b.start))
    if (slot.schedule === schedule && !slot.deleted && slot.start <= reached) reached = Math.max(reached, slot.end)
  return reached >= end
}
