/**
 * Which slice a value belongs to: by what the slice says of the elements that discriminate: a fixed value, a pattern or a
 * binding, a type, that something is there, or a profile. https://hl7.org/fhir/R4/profiling.html#discriminator
 * Where a slice says nothing at the place that should tell it apart, a value belongs to it if it is all that the slice asks.
 */
import { isObject } from '../scope.ts'
import { codingsIn, membership } from './check-coded.ts'
import { type Item, itemsOf, resourceItem } from './items.ts'
import { urlOf } from './known.ts'
import { type Node, planOf } from './plan.ts'
import { resolved } from './resolve.ts'
import type { Run } from './run.ts'
import type { Discriminator } from './structure-definition.ts'
import { isFixed, matchesPattern } from './values.ts'

export function isMatch(run: Run, sliced: Node, slice: Node, item: Item): boolean {
  const discriminators = discriminatorsOf(sliced)
  return discriminators.length === 0 ? run.walk.fits(run, slice, item) : discriminators.every((one) => discriminates(run, one, slice, item))
}

/** Extensions are told apart by url, and a choice of types by type, whether a profile says so or not. */
function discriminatorsOf({ name, id, slicing }: Node): readonly Discriminator[] {
  if (slicing && slicing.discriminator.length > 0) return slicing.discriminator
  if (name === 'extension' || name === 'modifierExtension') return [{ type: 'value', path: 'url' }]
  return id.includes('[x]') ? [{ type: 'type', path: '$this' }] : []
}

function discriminates(run: Run, { type, path }: Discriminator, slice: Node, item: Item): boolean {
  const steps = stepsOf(path)
  if (type === 'exists') return itemsAt(run, item, steps).length > 0 === (nodesAt(run, slice, steps)[0]?.max !== 0)
  const tests = nodesAt(run, slice, steps).flatMap((node) => testsOf(run, type, node))
  const inherited = type === 'value' || type === 'pattern' ? projected(run, slice, steps) : []
  if (tests.length + inherited.length === 0) return run.walk.fits(run, slice, item)
  return itemsAt(run, item, steps).some((one) => [...tests, ...inherited].every((test) => test(one)))
}

type Test = (item: Item) => boolean

function testsOf(run: Run, type: string, node: Node): Test[] {
  if (type === 'type') {
    const codes = node.types?.map(({ code }) => code) ?? typesByName(node)
    return codes.length === 0 ? [] : [(item) => codes.includes(item.type)]
  }
  if (type === 'profile') {
    const profiles = node.types?.flatMap(({ profile, targetProfile }) => [...profile, ...targetProfile]) ?? []
    return profiles.length === 0 ? [] : [(item) => profiles.some((profile) => run.walk.conforms(run, profile, item) === true)]
  }
  return valueTests(run, node)
}

/** A slice of a choice says its type by its name too: `valueQuantity`. */
function typesByName({ id, name }: Node): string[] {
  const code = id.slice(id.lastIndexOf(':') + 1).slice(name.length)
  return id.includes('[x]:') && code !== '' ? [code, code.charAt(0).toLowerCase() + code.slice(1)] : []
}

function valueTests(run: Run, { fixed, pattern, binding }: Node): Test[] {
  if (fixed !== undefined) return [({ value }) => isFixed(value, fixed)]
  if (pattern !== undefined) return [({ value }) => matchesPattern(value, pattern)]
  if (binding?.strength !== 'required') return []
  return [
    (item) => {
      const isMember = membership(run, binding.valueSet, item.kind === 'primitive')
      return codingsIn(item)?.some((coding) => isMember?.(coding) === true) === true
    },
  ]
}

/** A fixed value or a pattern above the discriminating element, as far as it speaks of that element. */
function projected(run: Run, slice: Node, steps: readonly Step[]): Test[] {
  return steps.flatMap((_, at) => {
    const names = steps.slice(at).map((step) => step.name)
    return nodesAt(run, slice, steps.slice(0, at)).flatMap(({ fixed, pattern }) => {
      const part = names.reduce<unknown>(partNamed, fixed ?? pattern)
      return part === undefined ? [] : [({ value }: Item) => matchesPattern(value, part)]
    })
  })
}

function partNamed(value: unknown, name: string): unknown {
  const one: unknown = Array.isArray(value) ? value[0] : value
  return isObject(one) ? one[name] : undefined
}

/** `name`, `name` with a function behind it, or a function alone. */
type Step = { readonly name: string; readonly argument?: string }

/** https://hl7.org/fhir/R4/profiling.html#discriminator: the restricted FHIRPath. */
function stepsOf(path: string): Step[] {
  const parts = path.match(/[A-Za-z$]\w*(?:\([^)]*\))?/g) ?? []
  return parts
    .filter((part) => part !== '$this')
    .map((part) => {
      const [, name = part, argument] = /^(\w+)\(['"]?([^'")]*)['"]?\)$/.exec(part) ?? []
      return { name, argument }
    })
}

function itemsAt(run: Run, item: Item, steps: readonly Step[]): Item[] {
  return steps.reduce<Item[]>((items, step) => items.flatMap((one) => stepFrom(run, one, step)), [item])
}

function stepFrom(run: Run, item: Item, { name, argument }: Step): Item[] {
  if (argument === undefined) return itemsOf(run.known.definitions, item, name)
  if (name === 'ofType') return item.type === argument ? [item] : []
  if (name === 'extension')
    return itemsOf(run.known.definitions, item, 'extension').filter(({ value }) => isObject(value) && value.url === argument)
  if (name !== 'resolve') return []
  const target = resolved(run, item.value)
  if (!target) return []
  if ('resource' in target) return [resourceItem(target.resource, item.path)]
  return [{ type: target.type, kind: 'resource', value: undefined, path: item.path }]
}

/** What a slice says of an element below it: in its own words, in those of a profile that it names, or in its slices'. */
function nodesAt(run: Run, slice: Node, steps: readonly Step[]): Node[] {
  return steps.reduce<Node[]>((nodes, step) => nodes.flatMap((node) => childNodes(run, node, step)), [slice])
}

function childNodes(run: Run, node: Node, { name, argument }: Step): Node[] {
  if (name === 'resolve') return [{ ...node, types: targetsOf(run, node) }]
  if (name === 'ofType') return [node]
  const child = node.children.get(name)
  if (name === 'extension' && argument !== undefined) return [...(child?.slices.values() ?? [])].filter((one) => urlIn(one) === argument)
  const own = child ? [child, ...child.slices.values()] : []
  if (own.length > 0) return own
  const inProfiles = (node.types ?? []).flatMap(({ profile }) => profile.flatMap((url) => fromProfile(run, url, name)))
  return inProfiles
}

/** An extension's profile says its url by its own, also where it is not here. */
function fromProfile(run: Run, url: string, name: string): Node[] {
  const child = planOf(run.known, url)?.root.children.get(name)
  if (child) return [child]
  return name === 'url' ? [{ id: 'url', name: 'url', fixed: urlOf(url), constraints: [], children: new Map(), slices: new Map() }] : []
}

const urlIn = (node: Node): unknown => node.children.get('url')?.fixed ?? urlOf(node.types?.[0]?.profile[0] ?? '')

function targetsOf(run: Run, node: Node): Node['types'] {
  const targets = node.types?.flatMap(({ targetProfile }) => targetProfile)
  return targets?.map((url) => ({
    code: run.known.structure(url)?.type ?? url.slice(url.lastIndexOf('/') + 1),
    profile: [url],
    targetProfile: [],
  }))
}
