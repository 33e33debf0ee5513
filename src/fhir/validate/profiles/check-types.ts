/**
 * The types that a profile leaves an element: of a choice, of what a reference leads to, and the profiles that the value
 * itself must conform to. https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type
 * Left out: whether the target of a reference conforms to its profile, except where it is contained: it stands elsewhere.
 */
import { isObject } from '../scope.ts'
import { type Item, resourceItem } from './items.ts'
import { coreType } from './known.ts'
import type { Node } from './plan.ts'
import { resolved } from './resolve.ts'
import { note, type Run, refuse } from './run.ts'
import type { ElementType } from './structure-definition.ts'
import { kindOf } from './type-hierarchy.ts'

/** False where it is of none of them: a binding is about another type then. */
export function checkTypes(run: Run, node: Node, item: Item): boolean {
  // The root of a plan has its profile's own type, which whoever chose the plan has looked at; backbones have no type to choose.
  if (!node.types || node.types.length === 0 || item.type.includes('.')) return true
  const allowed = node.types.filter((type) => isOf(type.code, item.type))
  if (allowed.length === 0) {
    const names = node.types.map((type) => type.code).join(' or ')
    refuse(run, 'structure', `This must be of type ${names}, not ${item.type} (${node.id} of ${run.profile}).`, item.path)
    return false
  }
  checkProfiles(run, allowed, item)
  if (item.type === 'Reference') checkTarget(run, node, allowed, item)
  return true
}

const abstractTypes = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement'])
/** A resource's own id is a string by its snapshot, and an id by R4's text. */
const isOf = (code: string, type: string): boolean =>
  code === type || abstractTypes.has(code) || code === '' || (code === 'string' && kindOf[type] === 'string')

/** One of the profiles is enough; where there is one only, what is wrong is said in its words. */
function checkProfiles(run: Run, types: readonly ElementType[], item: Item): void {
  if (types.some(({ profile }) => profile.length === 0)) return
  const profiles = [...new Set(types.flatMap(({ profile }) => profile))].filter((one) => coreType(run.known.definitions, one) === undefined)
  const [only] = profiles
  if (profiles.length === 1 && only !== undefined) run.walk.checkConformance(run, only, item)
  if (profiles.length < 2) return
  const results = profiles.map((profile) => run.walk.conforms(run, profile, item))
  if (results.some((result) => result !== false)) return
  refuse(run, 'structure', `This conforms to none of ${profiles.join(', ')}.`, item.path)
}

function checkTarget(run: Run, node: Node, types: readonly ElementType[], item: Item): void {
  const targets = types.flatMap(({ targetProfile }) => targetProfile)
  const type = targetType(run, item)
  if (targets.length === 0 || type === undefined || types.some(({ targetProfile }) => targetProfile.length === 0)) return
  const known = targets.map((target) => coreType(run.known.definitions, target) ?? run.known.structure(target)?.type ?? typeInUrl(target))
  const fitting = targets.filter((_, index) => known[index] === undefined || known[index] === 'Resource' || known[index] === type)
  if (fitting.length === 0)
    refuse(
      run,
      'value',
      `This element refers to ${[...new Set(known)].join(' or ')}, not to ${type} (${node.id} of ${run.profile}).`,
      item.path,
    )
  else checkContainedTarget(run, fitting, item)
}

/** A type of R4's that is not served here. */
const typeInUrl = (canonical: string): string | undefined =>
  /^http:\/\/hl7\.org\/fhir\/StructureDefinition\/([A-Z][A-Za-z]+)$/.exec(canonical)?.[1]

/** The type that a reference leads to, as far as that can be told. */
function targetType(run: Run, { value }: Item): string | undefined {
  const target = resolved(run, value)
  return target && ('resource' in target ? String(target.resource.resourceType) : target.type)
}

function checkContainedTarget(run: Run, profiles: readonly string[], { value, path }: Item): void {
  const reference = isObject(value) ? value.reference : undefined
  const found = typeof reference === 'string' && /^#./.test(reference) ? resolved(run, value) : undefined
  if (!found || !('resource' in found)) return
  const results = profiles.map((profile) => run.walk.conforms(run, profile, resourceItem(found.resource, path)))
  if (results.every((result) => result === false))
    refuse(run, 'structure', `What this refers to conforms to none of ${profiles.join(', ')}.`, path)
  else if (
    results.includes(undefined) &&
    !results.includes(true) &&
    profiles.every((one) => coreType(run.known.definitions, one) === undefined)
  )
    note(run, 'information', 'informational', 'Whether what this refers to conforms to its profile was not checked.', path)
}
