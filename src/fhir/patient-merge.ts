/**
 * Two records of one patient as one, and as two again: pure. The one that stays gets the other's identifiers as old ones and
 * a link `replaces`; the one that goes is inactive and links to it. https://hl7.org/fhir/R4/patient.html#links
 * https://build.fhir.org/patient-operation-merge.html
 */
import { withReferences } from './bundle-references.ts'
import type { Definitions } from './definitions/types.ts'
import type { Resource } from './resource.ts'

type Link = { readonly other?: { readonly reference?: string }; readonly type?: string }
type Identifier = { readonly system?: unknown; readonly value?: unknown; readonly use?: unknown }

const linksOf = ({ link }: Resource): readonly Link[] => (Array.isArray(link) ? link : []) as Link[]
const identifiersOf = ({ identifier }: Resource): readonly Identifier[] => (Array.isArray(identifier) ? identifier : []) as Identifier[]

/** Merged into another, whoever did it. */
export const isReplaced = (patient: Resource): boolean => linksOf(patient).some(({ type }) => type === 'replaced-by')

const linkTo = (id: string, type: string) => ({ other: { reference: `Patient/${id}` }, type })

const isLink = (id: string, kind: string, base: string) => (link: Link) =>
  link.type === kind && [`Patient/${id}`, `${base}/Patient/${id}`].includes(link.other?.reference ?? '')

const sameIdentifier = (a: Identifier) => (b: Identifier) => a.system === b.system && a.value === b.value

type Pair = { readonly source: Resource; readonly target: Resource; readonly base: string }

/** The one that stays; `wanted` says how it is to be, where somebody has looked through both. */
export function mergedTarget({ source, target, base }: Pair, wanted?: Resource): Resource {
  const kept = wanted ?? target
  const brought = wanted ? [] : broughtBy(source, target)
  const isLinked = linksOf(kept).some(isLink(String(source.id), 'replaces', base))
  return {
    ...kept,
    ...(brought.length > 0 && { identifier: [...identifiersOf(kept), ...brought] }),
    ...(!isLinked && { link: [...linksOf(kept), linkTo(String(source.id), 'replaces')] }),
  }
}

const broughtBy = (source: Resource, target: Resource): Identifier[] =>
  identifiersOf(source)
    .filter((one) => !identifiersOf(target).some(sameIdentifier(one)))
    .map((one) => ({ ...one, use: 'old' }))

/** The one that goes. */
export const replacedSource = (source: Resource, target: string): Resource => ({
  ...source,
  active: false,
  link: [...linksOf(source), linkTo(target, 'replaced-by')],
})

/** The one that stays, changed since, without what the merge brought. */
export function unmergedTarget({ source, target, base }: Pair, before: Resource): Resource {
  const brought = broughtBy(source, before)
  const isBrought = (one: Identifier) => one.use === 'old' && brought.some(sameIdentifier(one))
  const { link: _link, identifier: _identifier, ...bare } = target
  return {
    ...bare,
    resourceType: 'Patient',
    ...listed(
      'identifier',
      identifiersOf(target).filter((one) => !isBrought(one)),
    ),
    ...listed(
      'link',
      linksOf(target).filter((one) => !isLink(String(source.id), 'replaces', base)(one)),
    ),
  }
}

/** The one that went, changed since, as active as it was. */
export function unmergedSource(source: Resource, target: string, before: Resource, base: string): Resource {
  const { link: _link, active: _active, ...bare } = source
  return {
    ...bare,
    resourceType: 'Patient',
    ...(before.active !== undefined && { active: before.active }),
    ...listed(
      'link',
      linksOf(source).filter((one) => !isLink(target, 'replaced-by', base)(one)),
    ),
  }
}

const listed = (name: string, list: readonly unknown[]): object => (list.length > 0 ? { [name]: list } : {})

/** A resource that says `to` wherever it said `from`. Of versioned references nothing changes: they name what was. */
export const renamedPatient = (definitions: Definitions, resource: Resource, from: string, to: string, base: string): Resource =>
  withReferences(
    definitions,
    resource,
    new Map([
      [`Patient/${from}`, `Patient/${to}`],
      [`${base}/Patient/${from}`, `Patient/${to}`],
    ]),
  )
