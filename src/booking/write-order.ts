/**
 * In which order the writes of one transaction do not get in each other's way: what is deleted goes first, then what
 * Schedules are made of, then what gives time back, then the Slots that visits name, then the visits that take time and the
 * answers to them, and at last the Slots whose status a visit has settled by then. Within that, what is created comes before
 * what is updated.
 * https://hl7.org/fhir/R4/http.html#trules
 */
import type { Resource } from '../fhir/resource.ts'
import { takesTime } from '../scheduling/appointment-lifecycle.ts'
import { planTypes } from './plans.ts'

export type Writing = {
  readonly does: 'delete' | 'create' | 'update' | 'patch'
  readonly type: string
  readonly resource?: Resource
  /** For an update: nothing has this id yet. */
  readonly isAbsent?: boolean
}

export function writeOrder({ does, type, resource, isAbsent }: Writing): number {
  if (does === 'delete') return type === 'Appointment' ? 0 : type === 'Slot' ? 1 : 2
  const isNew = does === 'create'
  if (planTypes.has(type)) return isNew ? 10 : 11
  if (type === 'Appointment') return isNew ? 30 : takesTime(String(resource?.status)) ? 31 : 14
  if (type === 'AppointmentResponse') return isNew ? 32 : 33
  if (type !== 'Slot') return isNew ? 12 : 13
  return isNew ? 20 : isAbsent ? 21 : 40
}
