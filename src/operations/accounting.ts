/**
 * `Patient/{id}/$accounting`: who saw a patient's data, when and what for, out of the audit. For the patient themself, and for
 * whoever may read every AuditEvent. OperationDefinition: fhir-profiles/OperationDefinition-accounting.json
 */
import type { Actor } from '../access/actor.ts'
import { mayWhole } from '../access/may.ts'
import { accounting as accountingOf } from '../audit/accounting.ts'
import { fault } from '../base/fault.ts'
import { booleanIn, firstOf, inputsOf } from '../fhir/parameters.ts'
import type { Reply } from '../fhir/reply.ts'
import type { FhirRequest } from '../fhir/request.ts'
import { idPattern } from '../fhir/resource.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { instantAsked } from './asked-instant.ts'
import { assertKnown } from './unknown-parameters.ts'

const names = ['start', 'end', 'own', '_count', '_cursor'] as const
const known: ReadonlySet<string> = new Set(names)

export async function accounting(house: House, actor: Actor, request: FhirRequest): Promise<Reply> {
  const { id = '' } = request
  const isPatient = askedByPatient(actor, id)
  const inputs = inputsOf(request, known)
  assertKnown(inputs, request)
  // Of a record that was deleted too: who saw it is no less true.
  if (!idPattern.test(id) || !(await currentResource(house.pool, 'Patient', id)) || actor.keptFrom?.includes(id)) throw nobody(id)
  const said = (name: (typeof names)[number]): string | undefined => {
    const given = firstOf(inputs, name)
    return given && String(given.value)
  }
  const own = firstOf(inputs, 'own')
  return accountingOf(house, actor, {
    patient: id,
    from: instantAsked(inputs, 'start', 'lower'),
    until: instantAsked(inputs, 'end', 'upper'),
    own: own !== undefined && booleanIn(own),
    count: said('_count'),
    cursor: said('_cursor'),
    applied: names.flatMap((name): [string, string][] => {
      const value = name === '_cursor' ? undefined : said(name)
      return value === undefined ? [] : [[name, value]]
    }),
    unknown: inputs.unknown,
    isPatient,
    except: actor.keptFrom,
  })
}

const nobody = (id: string): Error => fault('not-found', `There is no Patient/${id.slice(0, 64)}.`)

function askedByPatient(actor: Actor, id: string): boolean {
  const permission = mayWhole(actor, 's', 'AuditEvent')
  if (!permission.allowed)
    throw fault('forbidden', 'It takes a scope that may search AuditEvents: user/AuditEvent.s, or patient/AuditEvent.s of the patient.')
  if (permission.patient !== undefined && permission.patient !== id) throw nobody(id)
  return permission.patient !== undefined
}
