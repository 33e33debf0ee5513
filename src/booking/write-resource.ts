/**
 * The engine's front door: every write and delete of any resource, whichever desk it comes from. Appointments and Slots
 * take and give back time; a directory resource remakes the plans of the Schedules that hang on it.
 */
import { dayMs } from '../base/durations.ts'
import { fault } from '../base/fault.ts'
import { blockDaysMax, slotDaysMax } from '../base/limits.ts'
import { indexValues } from '../fhir/index-values.ts'
import type { Resource } from '../fhir/resource.ts'
import { checkSchedulingExtensions, storedPlan } from '../scheduling/schedule-plan.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockDirectory, plansOf } from '../store/plans.ts'
import { insertResource, type ResourceWrite, removeResource, replaceResource, type Written } from '../store/resources.ts'
import { type Change, IdIsTaken } from './change.ts'
import { closeSchedule } from './close-schedule.ts'
import { assertMayLeave } from './leave-visit.ts'
import { planTypes, replan, schedulesUnder } from './plans.ts'
import { assertFewSlots, regenerateEach } from './regenerate-slots.ts'
import { takeUpStandIns } from './stand-in.ts'
import { takeAnswer } from './take-answer.ts'
import { releaseDeleted, writeAppointment } from './write-appointment.ts'
import { releaseDeletedSlot, writeSlot } from './write-slot.ts'

/** What was written, and the Schedules whose Slots must follow once the transaction is committed. */
export type Outcome<T> = { readonly written: T; readonly schedules: readonly string[] }

export async function writeResource(tx: Tx, house: House, change: Change): Promise<Outcome<Written>> {
  if (change.type === 'Appointment') return { written: await writeAppointment(tx, house, change), schedules: [] }
  if (change.type === 'Slot') assertSlotLength(change.resource)
  if (change.type === 'Slot') return { written: await writeSlot(tx, house, change), schedules: [] }
  if (change.type === 'AppointmentResponse') await takeAnswer(tx, house, change)
  if (!planTypes.has(change.type)) return { written: await writePlain(tx, house, change), schedules: [] }
  checkSchedulingExtensions(change.resource)
  await lockDirectory(tx)
  const before = change.before ? await schedulesUnder(tx, house, change.before) : []
  const written = await writePlain(tx, house, change)
  const after = await schedulesUnder(tx, house, { ...change.resource, id: change.id })
  const schedules = await replanned(tx, house, [...before, ...after])
  if (change.type === 'Schedule') await assertFew(tx, house, change.id)
  await takeUpStandIns(tx, house, change, schedules)
  return { written, schedules }
}

/** The longest Slot of a Schedule bounds how far each booking looks for what may overlap it. */
export function assertSlotLength({ status, start, end }: Resource): void {
  const daysMax = status === 'busy-unavailable' ? blockDaysMax : slotDaysMax
  if (Date.parse(String(end)) - Date.parse(String(start)) <= daysMax * dayMs) return
  throw fault('business-rule', `A Slot that is ${status} lasts at most ${daysMax} days: divide it.`, 'Slot.end')
}

async function writePlain(tx: Tx, house: House, change: Change): Promise<Written> {
  const write: ResourceWrite = {
    type: change.type,
    id: change.id,
    text: change.text,
    index: indexValues(house.definitions, change.resource, house.base),
    at: change.at,
    audit: change.audit,
  }
  if (!change.isNew) return replaceResource(tx, house.definitions, write)
  const written = await insertResource(tx, house.definitions, write)
  if (!written) throw new IdIsTaken()
  return written
}

async function assertFew(tx: Tx, house: House, schedule: string): Promise<void> {
  const [row] = await plansOf(tx, [schedule])
  if (row) assertFewSlots(storedPlan(row.plan), house.clock.now().getTime())
}

async function replanned(tx: Tx, house: House, schedules: readonly string[]): Promise<string[]> {
  const unique = [...new Set(schedules)].sort()
  await replan(tx, house, unique)
  return unique
}

export type Removal = {
  readonly type: string
  readonly id: string
  /** The current resource, locked by the caller. */
  readonly before: Resource
  readonly at: string
  readonly audit: AuditRow
  /** Deleted under a patient scope: its policy binds. */
  readonly patient?: string
}

/** Deletes a resource that the caller has locked. Throws `conflict` where a live visit stands on it. */
export async function deleteResource(tx: Tx, house: House, removal: Removal): Promise<Outcome<string>> {
  const { type, id, at } = removal
  const isDirectory = planTypes.has(type)
  if (isDirectory) await lockDirectory(tx)
  const schedules = isDirectory ? await schedulesUnder(tx, house, removal.before) : []
  if (type === 'Schedule') await closeSchedule(tx, house, id, at)
  if (type === 'Appointment' && removal.patient !== undefined)
    await assertMayLeave(tx, house, removal.before, { online: true, moving: false })
  if (type === 'Appointment') await releaseDeleted(tx, id, at)
  const columns = await columnsAfter(tx, house, removal)
  const written = await removeResource(tx, { ...removal, columns })
  return { written, schedules: schedules.length > 0 ? await replanned(tx, house, schedules) : [] }
}

async function columnsAfter(tx: Tx, house: House, { type, id, at }: Removal): Promise<Readonly<Record<string, unknown>>> {
  if (type === 'Slot') return releaseDeletedSlot(tx, house, id, at)
  return type === 'Appointment' ? { status: null, held_until: null, claims: 0, confirmation: null } : {}
}

/** So many Schedules have their Slots remade before the answer; more are left to the job that runs each second. */
const schedulesAtOnceMax = 20

/** What was written stands, also where the Slots of a Schedule cannot be made just now. */
export async function remakeSlots(house: House, schedules: readonly string[]): Promise<void> {
  await regenerateEach(house, schedules.slice(0, schedulesAtOnceMax), true)
}
