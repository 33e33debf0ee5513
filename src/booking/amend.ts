/**
 * Changes what a booked visit says and leaves its time as it is: IHE ITI-117's modify where the times are those that are
 * booked.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { numbered, numberOf } from '../scheduling/confirmation-number.ts'
import { heldUntilUrl } from '../scheduling/extension-parts.ts'
import type { House } from '../store/house.ts'
import type { Changed } from './cancel.ts'
import { overbookedUrl } from './overbook.ts'
import { withLocalActors } from './participants.ts'
import { chainSaid, type Extension, extensionsIn, isChained, isRecord } from './record-extensions.ts'
import { type RewriteInput, rewriteVisit } from './rewrite-visit.ts'

export type AmendInput = RewriteInput & {
  /** The whole Appointment as it is to be; its id, times and Slots may be left out. */
  readonly resource: Resource
}

/** Throws: not-found, gone, business-rule. */
export const amendVisit = (house: House, input: AmendInput): Promise<Changed> => rewriteVisit(house, input, { become: amended })

const kept = ['start', 'end', 'slot', 'created']

function amended(before: Resource, { id, resource: sent, assertMay }: AmendInput, _at: Date, house: House): Resource {
  if (before.status !== 'booked')
    throw fault('business-rule', `An Appointment that is ${before.status} cannot be modified: it is not booked.`, 'Appointment.status')
  const asItWas = Object.fromEntries(kept.map((name) => [name, before[name]]))
  const { minutesDuration = before.minutesDuration } = sent
  const { extension: _extension, ...words } = numbered(withLocalActors(sent, house.base), numberOf(before))
  const extension = extensionsAfter(before, sent)
  const resource: Resource = {
    ...words,
    resourceType: sent.resourceType,
    ...asItWas,
    ...(minutesDuration !== undefined && { minutesDuration }),
    ...(extension.length > 0 && { extension }),
    id,
    status: 'booked',
  }
  assertMay(resource)
  return resource
}

/** What is said counts; what the server has written, and the links to earlier visits, stay. */
function extensionsAfter(before: Resource, sent: Resource): readonly unknown[] {
  const stays = (one: Extension): boolean => isRecord(one) || isChained(one) || one.url === overbookedUrl
  const said = extensionsIn(sent).filter((one) => !stays(one) && one.url !== heldUntilUrl)
  return [...said, ...chainSaid(before, sent), ...extensionsIn(before).filter(stays)]
}
