/**
 * An AppointmentResponse that is written answers its Appointment in the same transaction: the participant's status, and with
 * the last answer that was waited for the visit's; another time that both sides want moves it.
 * https://hl7.org/fhir/R4/appointmentresponse.html
 * Left out: answers to visits that are over or stored elsewhere. They are records, and change nothing.
 */

import { isShownInBusyTime } from '../access/busy-time.ts'
import { inCompartment, isKeptFrom } from '../access/compartment.ts'
import { isMasked } from '../access/masking.ts'
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { type Answered, answered } from '../scheduling/appointment-response.ts'
import { awaitsApproval } from '../scheduling/approval.ts'
import { withProposedTimes } from '../scheduling/proposed-times.ts'
import type { AuditRow } from '../store/audit-rows.ts'
import type { Tx } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { lockResource, replaceResource } from '../store/resources.ts'
import { cancelInTx, heldUntil } from './cancel.ts'
import type { Change } from './change.ts'
import { booked, keepTime } from './confirm-hold.ts'
import { moveToAgreed } from './move/move-to-agreed.ts'
import { idsNamed } from './participants.ts'
import { resourceWrite } from './resource-write.ts'
import { writeAppointment } from './write-appointment.ts'

/** Throws: not-found, forbidden, business-rule, TimeIsTaken. */
export async function takeAnswer(tx: Tx, house: House, change: Change): Promise<void> {
  if (change.before && saidBefore(change.before, change.resource)) return
  const [id] = idsNamed([change.resource.appointment], 'Appointment', house.base)
  if (id === undefined) return
  const row = await lockResource(tx, 'Appointment', id)
  const visit = row?.body ? (JSON.parse(row.body) as Resource) : undefined
  if (change.patient !== undefined && !(visit && inCompartment(house.definitions, visit, change.patient, house.base)))
    throw fault('not-found', `There is no Appointment/${id}.`, 'AppointmentResponse.appointment')
  if (!visit || isHidden(house, change, visit)) return
  if (isOver(visit, house.clock.now().getTime())) return
  const now = house.clock.now().getTime()
  const answer = answered(visit, change.resource, { base: house.base, online: change.patient !== undefined, now })
  if ('message' in answer) throw fault('business-rule', answer.message, answer.expression)
  await settle(tx, house, { change, id, visit, answer })
}

/**
 * What a Consent keeps from whoever writes is answered like what is not there: the answer is a record. Of busy time only those
 * may be answered for who are shown in it: by the others' names somebody could try out whose it is.
 */
function isHidden({ definitions, base }: House, { actor, resource }: Change, visit: Resource): boolean {
  if (actor === undefined) return false
  if (isKeptFrom(definitions, actor, visit, base)) return true
  const { reference } = (resource.actor ?? {}) as { reference?: unknown }
  if (typeof reference === 'string' && isShownInBusyTime(reference, base)) return false
  if (!isMasked(actor, visit, base)) return false
  throw fault(
    'forbidden',
    'The visit is shown to you as busy time alone: answer it for those whom you see in it.',
    'AppointmentResponse.actor',
  )
}

/** Written again with another remark, it is no new answer. */
const saidBefore = (before: Resource, after: Resource): boolean =>
  ['appointment', 'actor', 'participantType', 'participantStatus', 'start', 'end'].every(
    (name) => JSON.stringify(before[name]) === JSON.stringify(after[name]),
  )

const isOver = ({ end }: Resource, now: number): boolean => typeof end === 'string' && Date.parse(end) <= now

type Settling = { readonly change: Change; readonly id: string; readonly visit: Resource; readonly answer: Answered }

async function settle(tx: Tx, house: House, settling: Settling): Promise<void> {
  const { change, id, visit, answer } = settling
  if (answer.becomes === 'cancelled') return cancelled(tx, house, settling)
  if (answer.agreed)
    return moveToAgreed(tx, house, {
      visit: { ...visit, id },
      agreed: answer.agreed,
      participant: answer.participant,
      client: change.client,
      audit: auditOfVisit(house, change, 'reschedule'),
    })
  const said: Resource = { ...visit, participant: answer.participant }
  const after = answer.proposed ? withProposedTimes(said, answer.proposed) : said
  if (answer.becomes === 'booked' && awaitsApproval(visit)) return approved(tx, house, { ...settling, visit: after })
  const resource: Resource = answer.becomes === undefined ? after : { ...after, status: answer.becomes }
  if (JSON.stringify(resource) === JSON.stringify(visit)) return
  const { at, client } = change
  // The rules bind what is booked; who only says whether they come books nothing.
  const patient = answer.becomes === undefined ? undefined : change.patient
  const audit = auditOfVisit(house, change, 'update')
  const text = JSON.stringify(resource)
  await writeAppointment(tx, house, { type: 'Appointment', id, before: visit, isNew: false, resource, text, at, client, patient, audit })
}

/** Its time stays its own, and is never free between. Throws `expired`. */
async function approved(tx: Tx, house: House, { change, id, visit }: Settling): Promise<void> {
  const { at } = change
  const isLate = (heldUntil(visit) ?? 0) <= house.clock.now().getTime()
  if (isLate || !(await keepTime(tx, house, { ...visit, id }, at)))
    throw fault('expired', 'The clinic has not answered in time: the visit is to be booked again.', 'AppointmentResponse.appointment')
  const columns = { status: 'booked', held_until: null }
  const write = resourceWrite(house, booked(visit), { id, at, columns, audit: auditOfVisit(house, change, 'book') })
  await replaceResource(tx, house.definitions, write)
}

const reasonSystem = 'http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason'

async function cancelled(tx: Tx, house: House, { change, id }: Settling): Promise<void> {
  const online = change.patient !== undefined
  const [actor = ''] = [(change.resource.actor as { reference?: string } | undefined)?.reference]
  const code = online || /(^|\/)(Patient|RelatedPerson)\//.test(actor) ? 'pat' : 'prov'
  await cancelInTx(tx, house, {
    id,
    reason: { coding: [{ system: reasonSystem, code, display: code === 'pat' ? 'Patient' : 'Provider' }] },
    leaving: { online, moving: false },
    audit: auditOfVisit(house, change, 'cancel'),
    assertMay: () => {},
  })
}

/** The Appointment's own event, beside that of the answer. */
const auditOfVisit = (house: House, { audit }: Change, interaction: string): AuditRow => ({
  ...audit,
  id: house.ids.next(),
  interaction,
  action: 'U',
})
