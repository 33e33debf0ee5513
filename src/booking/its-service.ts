/**
 * What a visit is for was settled when its time was taken or proposed: who names it may say so again, by its reference or by a
 * type of it, and nothing else.
 */
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import type { Db } from '../store/db.ts'
import type { House } from '../store/house.ts'
import { planOfVisit } from './leave-visit.ts'
import { choiceOf, offersOf, type ServiceChoice } from './service-choice.ts'

type Visit = { /** How a refusal calls it. */ readonly name: string; readonly visit: Resource }

/** Throws `value`. */
export async function assertItsService(
  db: Db,
  house: House,
  { name, visit }: Visit,
  { reference, types = [] }: ServiceChoice,
): Promise<void> {
  const own = choiceOf(visit, house.base)
  const isSame = reference === undefined || reference === own.reference
  const isOfType =
    types.length === 0 ||
    types.some(({ system, code }) => own.types?.some((one) => one.code === code && (system === undefined || one.system === system)))
  if (isSame && isOfType) return
  const plan = await planOfVisit(db, house, visit)
  const isOwn = (choice: ServiceChoice): boolean => {
    const had = plan && own.reference === undefined ? offersOf(plan, own).map(({ service }) => service?.reference) : [own.reference]
    return plan !== undefined && offersOf(plan, choice).some(({ service }) => had.includes(service?.reference))
  }
  if (!isSame && !isOwn({ reference })) throw fault('value', `The ${name} is for another service.`, 'healthcare-service')
  if (!isOfType && !isOwn({ types })) throw fault('value', `The ${name} is for another type of service.`, 'service-type')
}
