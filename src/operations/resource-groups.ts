/**
 * `resource-group` of `$find-slots`, `$find`, `$hold` and `$book`: a visit over several actors at once, any one of each
 * group. An actor stands for the Schedules that name it. docs/operations.md
 * In a query, as a `next` link has it, a group is its actors with commas between them.
 */
import { fault } from '../base/fault.ts'
import { resourceGroupActorsMax, resourceGroupsMax } from '../base/limits.ts'
import { plansAt } from '../booking/plans.ts'
import { allOf, type Inputs, nameIn, type Parameter } from '../fhir/parameters.ts'
import { localReference, relativeReference } from '../fhir/reference.ts'
import type { JointGroup } from '../scheduling/joint-visits.ts'
import type { SchedulePlan } from '../scheduling/schedule-plan.ts'
import type { House } from '../store/house.ts'
import { plansNaming } from '../store/plans.ts'

const name = 'resource-group'
const actorTypes = ['Practitioner', 'PractitionerRole', 'Location', 'Device']

/** Undefined: none was sent. A group of actors without a Schedule is empty. Throws value, required, too-costly. */
export async function resourceGroupsIn(house: House, inputs: Inputs): Promise<readonly JointGroup[] | undefined> {
  const groups = allOf(inputs, name).map((one) => actorsIn(house, one))
  if (groups.length === 0) return undefined
  if (groups.length > resourceGroupsMax) throw fault('too-costly', `Send at most ${resourceGroupsMax} resource-groups.`, name)
  if (groups.some((group) => group.length > resourceGroupActorsMax))
    throw fault('too-costly', `Name at most ${resourceGroupActorsMax} actors in a resource-group.`, name)
  const actors = [...new Set(groups.flat())]
  const versions = await plansNaming(house.pool, actors.map(termOf), schedulesOfGroupsMax + 1)
  if (versions.size > schedulesOfGroupsMax)
    throw fault('too-costly', `More than ${schedulesOfGroupsMax} Schedules name these actors: name fewer.`, name)
  const plans = [...(await plansAt(house, versions)).values()].sort((a, b) => (a.schedule < b.schedule ? -1 : 1))
  return groups.map((group) => plans.flatMap((plan) => optionsOf(plan, group)))
}

const schedulesOfGroupsMax = 1_000

function actorsIn(house: House, { value, parts }: Parameter): string[] {
  const stray = parts?.find((part) => part.name !== 'actor')
  if (stray) throw fault('value', `A resource-group has parts of the name actor, not ${stray.name.slice(0, 80)}.`, name)
  const named = parts ? parts.map(nameIn) : typeof value === 'string' ? value.split(',').filter(Boolean) : []
  if (named.length === 0) throw fault('required', 'A resource-group names its actors: parts of the name actor, References.', name)
  return [...new Set(named.map((one) => actorIn(house, one)))]
}

function actorIn(house: House, text: string): string {
  const local = localReference(relativeReference(text, house.base))
  if (local && actorTypes.includes(local.type)) return `${local.type}/${local.id}`
  throw fault('value', `An actor of a resource-group is a reference to a ${actorTypes.slice(0, -1).join(', ')} or Device.`, name)
}

/** A Practitioner is found by a role too, and a role by its Practitioner. */
const termOf = (actor: string): string => {
  const type = actor.split('/')[0]
  return `${type === 'Practitioner' ? 'practitioner' : type === 'PractitionerRole' ? 'practitioner-role' : 'actor'}=${actor}`
}

function optionsOf(plan: SchedulePlan, group: readonly string[]): JointGroup {
  const meant = group.filter((actor) => plan.terms.includes(termOf(actor))).map((actor) => personOf(plan, actor))
  return [...new Set(meant)].map((actor) => ({ actor, schedule: plan.schedule }))
}

/** A role is its Practitioner, so that one person never stands for two groups. */
function personOf(plan: SchedulePlan, actor: string): string {
  if (!actor.startsWith('PractitionerRole/')) return actor
  const people = plan.claims.filter((claim) => claim.startsWith('Practitioner/'))
  return people.length === 1 ? (people[0] ?? actor) : actor
}
