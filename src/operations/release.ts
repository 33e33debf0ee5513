/**
 * `$release`: a hold, or those of a series, is given up before it runs out, named by its Appointment or by the Slot it keeps.
 * OperationDefinition: fhir-profiles/OperationDefinition-release.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { cancelSeries } from '../booking/series/cancel-series.ts'
import { firstOf, type Inputs, idIn, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { assertMayChange } from './may-change.ts'
import { scopeIn, severalOf } from './series-scope.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply, seriesOr } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['appointment', 'slot', 'scope'])

export async function release(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const mayChange = assertMayChange(house, actor, { unseen: true })
  const named = appointmentNamed(house, request, inputs)
  const slot = named === undefined ? slotNamed(house, request, inputs) : ''
  const id = named ?? (await holderOf(house, slot))
  const assertMay = named === undefined ? unnamed(mayChange, slot) : mayChange
  const input = { id, holdOnly: true, audit: auditOf(house, actor, 'release'), assertMay }
  const scope = scopeIn(inputs)
  const released = scope === 'this' ? await cancelVisit(house, input) : severalOf(await cancelSeries(house, input, scope))
  return seriesOr(house, 'The times are released.', changedReply)(released)
}

/** Whoever may not change the hold is not told which Appointment keeps the Slot. */
const unnamed = (assertMay: (hold: Resource) => void, slot: string) => (hold: Resource) => {
  try {
    assertMay(hold)
  } catch {
    throw fault('not-found', `You have no hold of Slot/${slot}.`, 'slot')
  }
}

function appointmentNamed({ base }: House, request: FhirRequest, inputs: Inputs): string | undefined {
  if (request.type === 'Appointment' && request.id) return request.id
  const named = firstOf(inputs, 'appointment')
  return named && idIn(named, 'Appointment', base)
}

function slotNamed({ base }: House, request: FhirRequest, inputs: Inputs): string {
  if (request.type === 'Slot' && request.id) return request.id
  const named = firstOf(inputs, 'slot')
  if (!named) throw fault('required', 'Say which hold: by its Appointment, or by the Slot it keeps.', 'appt-id')
  return idIn(named, 'Slot', base)
}

async function holderOf(house: House, slot: string): Promise<string> {
  const [row] = await namedSlots(house.pool, [slot])
  if (!row) throw fault('not-found', `There is no Slot/${slot}.`, 'slot')
  if (!row.takenBy?.startsWith('Appointment/') || row.status !== 'busy-tentative')
    throw fault('business-rule', 'This Slot is not held.', 'slot')
  return row.takenBy.slice('Appointment/'.length)
}
