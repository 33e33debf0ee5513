/**
 * `Patient/{id}/$break-glass`: in an emergency a member of staff opens what a Consent keeps from them, for a while and with a
 * reason that is kept in the audit. OperationDefinition: fhir-profiles/OperationDefinition-break-glass.json
 *
 * It answers alike whether or not anything is kept from them, so that nobody learns of a Consent by asking.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { auditOf } from '../audit/audit-of.ts'
import { fault } from '../base/fault.ts'
import { breakGlassMinutesDefault, breakGlassMinutesMax, breakGlassReasonCharsMax, consentsLookMs, glassesOpenMax } from '../base/limits.ts'
import { firstOf, type Inputs, inputsOf, textIn, wholeNumberIn } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern } from '../fhir/resource.ts'
import { isGlassOpenSince, breakGlass as opened } from '../store/break-glass.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { assertKnown } from './unknown-parameters.ts'

const known: ReadonlySet<string> = new Set(['reason', 'minutes'])

export async function breakGlass(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  const person = staffOf(actor)
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  const reason = reasonIn(inputs)
  const minutes = minutesIn(inputs)
  const row = idPattern.test(id) ? await currentResource(house.pool, 'Patient', id) : undefined
  if (!row || row.body === null) throw fault('not-found', `There is no Patient/${id.slice(0, 64)}.`)
  const begun = house.clock.now()
  const until = new Date(begun.getTime() + minutes * 60_000)
  const glass = { id: house.ids.next(), person, client: actor.client, patient: id, begun, until }
  if (!(await opened(house.pool, glass, { most: glassesOpenMax, reason }, auditOf(house, actor, 'break-glass'))))
    throw fault(
      'business-rule',
      `The records of ${glassesOpenMax} patients are open to you already. Wait until one of them is closed again.`,
    )
  // Every process looks so often whether any glass is open: once it is answered, all of them heed it.
  if (!(await isGlassOpenSince(house.pool, new Date(begun.getTime() - consentsLookMs), begun))) await sleep(consentsLookMs)
  const parameter = [
    { name: 'patient', valueReference: { reference: `Patient/${id}` } },
    { name: 'until', valueInstant: until.toISOString() },
  ]
  return { status: 200, body: JSON.stringify({ resourceType: 'Parameters', parameter }) }
}

const staff = /^(?:Practitioner|PractitionerRole|Person)\//

function staffOf(actor: Actor): string {
  const permission = may(actor, 'r', 'Patient')
  const isWhole = permission.allowed && permission.patient === undefined && !permission.queries
  if (isWhole && actor.user !== undefined && actor.patient === undefined && staff.test(actor.user)) return actor.user
  throw fault('forbidden', 'The glass is for staff to break: the token must name a person of the staff and read every Patient.')
}

const reasonCharsMin = 10

function reasonIn(inputs: Inputs): string {
  const given = firstOf(inputs, 'reason')
  if (!given) throw fault('required', 'Say why: the parameter reason.', 'reason')
  const reason = textIn(given).trim()
  if (reason.length >= reasonCharsMin && reason.length <= breakGlassReasonCharsMax) return reason
  throw fault('value', `The reason has ${reasonCharsMin} to ${breakGlassReasonCharsMax} characters.`, 'reason')
}

function minutesIn(inputs: Inputs): number {
  const given = firstOf(inputs, 'minutes')
  if (!given) return breakGlassMinutesDefault
  const minutes = wholeNumberIn(given, breakGlassMinutesMax + 1)
  if (minutes >= 1 && minutes <= breakGlassMinutesMax) return minutes
  throw fault('value', `The parameter minutes is a whole number from 1 to ${breakGlassMinutesMax}.`, 'minutes')
}
