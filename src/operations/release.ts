/**
 * `$release`: a hold, or those of a series, is given up before it runs out, named by its Appointment or by the Slot it keeps.
 * OperationDefinition: fhir-profiles/OperationDefinition-release.json
 */
import type { Actor } from '../access/actor.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { cancelVisit } from '../booking/cancel.ts'
import { idsNamed } from '../booking/participants.ts'
import { cancelSeries } from '../booking/series/cancel-series.ts'
import { firstOf, type Inputs, idIn, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import type { Resource } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { namedSlots } from '../store/named-slots.ts'
import { assertMayChange } from './may-change.ts'
import { assertSaidOnce } from './said-once.ts'
import { scopeIn, severalOf } from './series-scope.ts'
import { assertKnown } from './unknown-parameters.ts'
import { changedReply, seriesOr } from './visit-reply.ts'

const known: ReadonlySet<string> = new Set(['appointment', 'slot', 'scope'])

export async function release(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  assertSaidOnce(inputs, known)
  const mayChange = assertMayChange(house, actor, { unseen: true })
  const named = appointmentNamed(house, request, inputs)
  const slot = slotNamed(house, request, inputs)
  if (named === undefined && slot === undefined)
    throw fault('required', 'Say which hold: by its Appointment, or by the Slot it keeps.', 'appt-id')
  const id = named ?? (await holderOf(house, slot ?? ''))
  const assertMay = named === undefined ? unnamed(mayChange, slot ?? '') : withSlot(house, mayChange, { id, slot })
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

/** Who names both means one hold. */
const withSlot =
  ({ base }: House, assertMay: (hold: Resource) => void, { id, slot }: { readonly id: string; readonly slot: string | undefined }) =>
  (hold: Resource) => {
    assertMay(hold)
    if (slot !== undefined && hold.id === id && !idsNamed(hold.slot, 'Slot', base).includes(slot))
      throw fault('value', 'The hold is of another Slot.', 'slot')
  }

function appointmentNamed({ base }: House, request: FhirRequest, inputs: Inputs): string | undefined {
  const named = firstOf(inputs, 'appointment')
  const asked = named && idIn(named, 'Appointment', base)
  const own = request.type === 'Appointment' ? request.id : undefined
  if (own !== undefined && asked !== undefined && own !== asked)
    throw fault('value', 'Two Appointments are named: one is meant.', 'appt-id')
  return own ?? asked
}

function slotNamed({ base }: House, request: FhirRequest, inputs: Inputs): string | undefined {
  const named = firstOf(inputs, 'slot')
  const asked = named && idIn(named, 'Slot', base)
  const own = request.type === 'Slot' ? request.id : undefined
  if (own !== undefined && asked !== undefined && own !== asked) throw fault('value', 'Two Slots are named: one is meant.', 'slot')
  return own ?? asked
}

async function holderOf(house: House, slot: string): Promise<string> {
  const [row] = await namedSlots(house.pool, [slot])
  if (!row) throw fault('not-found', `There is no Slot/${slot}.`, 'slot')
  if (!row.takenBy?.startsWith('Appointment/') || row.status !== 'busy-tentative')
    throw fault('business-rule', 'This Slot is not held.', 'slot')
  return row.takenBy.slice('Appointment/'.length)
}
