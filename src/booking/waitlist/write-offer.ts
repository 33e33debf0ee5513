/**
 * The resources of an offer to the waitlist: the Communication that tells the patient, the Provenance that tells staff why,
 * and how the first ends. Writes them through the engine's front door, so that they are audited and followed like any other.
 */
import { serverClient } from '../../base/own-clients.ts'
import { instantOf, type Resource } from '../../fhir/resource.ts'
import { endedCommunication, offerCommunication, offerProvenance } from '../../scheduling/waitlist-offer.ts'
import { scoreOf } from '../../scheduling/waitlist-ranking.ts'
import type { AuditRow } from '../../store/audit-rows.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { lockResource } from '../../store/resources.ts'
import { markWaiting } from '../../store/waitlist-entries.ts'
import { addOffer } from '../../store/waitlist-offers.ts'
import { writeResource } from '../write-resource.ts'
import type { FreedTime } from './freed-time.ts'
import type { Candidate } from './waitlist-candidate.ts'

type Making = { readonly id: string; readonly holder: string; readonly place: number; readonly behind: number }

/** Makes one offer of a time that is kept already. */
export async function writeOffer(
  tx: Tx,
  house: House,
  { slot: freed }: FreedTime,
  { waiting, plan, visit, beside, choice, minutes, expires, moves }: Candidate,
  { id, holder, place, behind }: Making,
  audit: () => AuditRow,
): Promise<void> {
  const at = house.clock.now().getTime()
  const { entry, patient } = waiting
  const score = scoreOf({ ...waiting, joined: waiting.joined.getTime() }, house.waitlist.weights, at)
  const [slot = freed, ...others] = visit.slots.map((one) => one.id)
  const offer = {
    id,
    entry,
    patient,
    slot,
    others: beside.length > 0 ? others : [],
    start: visit.start,
    end: visit.end,
    expires,
    moves,
    zone: plan.zone,
    at,
    score,
    behind,
  }
  await addOffer(tx, {
    ...{ id, entry, patient, slot: freed, schedule: plan.schedule, holder, place, score },
    starts: instantOf(visit.start),
    ends: instantOf(visit.end),
    service: choice.reference ?? null,
    minutes: minutes ?? null,
    expires: instantOf(expires),
    offeredAt: instantOf(at),
  })
  await markWaiting(tx, entry, false)
  await create(tx, house, offerCommunication(offer), audit())
  await create(tx, house, offerProvenance(house.ids.next(), offer), audit())
}

async function create(tx: Tx, house: House, resource: Resource, audit: AuditRow): Promise<void> {
  const { resourceType: type, id = '' } = resource
  const at = house.clock.now().toISOString()
  await writeResource(tx, house, { type, id, isNew: true, resource, text: JSON.stringify(resource), at, client: serverClient, audit })
}

/** Says on the Communication how its offer ended. One that staff has deleted stays so. */
export async function endCommunication(
  tx: Tx,
  house: House,
  id: string,
  state: 'accepted' | 'declined' | 'lapsed' | 'withdrawn',
  audit: AuditRow,
): Promise<void> {
  const row = await lockResource(tx, 'Communication', id)
  if (!row?.body) return
  const before = JSON.parse(row.body) as Resource
  const resource = endedCommunication(before, state)
  const at = house.clock.now().toISOString()
  await writeResource(tx, house, {
    ...{ type: 'Communication', id, before, isNew: false, resource, text: JSON.stringify(resource), at, client: serverClient, audit },
  })
}
