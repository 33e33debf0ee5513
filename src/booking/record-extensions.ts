/**
 * What the server itself writes down on an Appointment: how often it was moved, that it was cancelled late, why a rule was
 * overridden, that it waits for the clinic's answer, what other times were proposed, which series it is of. A patient may
 * neither write these nor take them off.
 */
import { isDeepStrictEqual } from 'node:util'
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { numberOf } from '../scheduling/confirmation-number.ts'
import { approvalUrl, proposedTimeUrl } from '../scheduling/extension-parts.ts'
import {
  occurrenceChangedUrl,
  originatingAppointmentUrl,
  recurrenceIdUrl,
  recurrenceTemplateUrl,
} from '../scheduling/recurrence-template.ts'

const base = 'https://slotwise.org/fhir/StructureDefinition'
export const movedUrl = `${base}/moved`
export const lateCancellationUrl = `${base}/late-cancellation`
export const overrideReasonUrl = `${base}/override-reason`
const r5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment'
export const replacesUrl = `${r5}.replaces`
export const previousUrl = `${r5}.previousAppointment`

/** Which visits this one comes after: in place of it, or as the next of a series. https://hl7.org/fhir/R5/appointment.html */
const chained: ReadonlySet<string> = new Set([replacesUrl, previousUrl])

/** What makes visits a series. */
const ofSeries = [recurrenceTemplateUrl, recurrenceIdUrl, occurrenceChangedUrl, originatingAppointmentUrl] as const
const recorded: ReadonlySet<string> = new Set([movedUrl, lateCancellationUrl, overrideReasonUrl, approvalUrl, proposedTimeUrl, ...ofSeries])

export type Extension = { readonly url?: string; readonly [value: string]: unknown }

export const extensionsIn = (resource: Resource | undefined): readonly Extension[] => (resource?.extension ?? []) as Extension[]

export const isRecord = ({ url = '' }: Extension): boolean => recorded.has(url)

/** The same without the server's own record. */
export function withoutRecord(resource: Resource): Resource {
  const kept = extensionsIn(resource).filter((one) => !isRecord(one))
  if (kept.length === extensionsIn(resource).length) return resource
  const { extension: _extension, ...bare } = resource
  return { ...bare, resourceType: resource.resourceType, ...(kept.length > 0 && { extension: kept }) }
}

const kept: ReadonlySet<string> = new Set([...recorded, ...chained])

/** Under a patient scope. Throws `business-rule`. */
export function assertKeepsRecord(before: Resource | undefined, after: Resource): void {
  const record = (resource: Resource | undefined, urls: ReadonlySet<string>): Extension[] =>
    extensionsIn(resource).filter(({ url = '' }) => urls.has(url))
  // A new visit may say which one it replaces or follows; from then on that stands.
  const isKept = before ? isDeepStrictEqual(record(before, kept), record(after, kept)) : record(after, recorded).length === 0
  if (isKept && numberOf(before) === numberOf(after)) return
  throw fault(
    'business-rule',
    'Leave what the clinic has written (moves, replaced visits, overrides, the confirmation number) as it is.',
    isKept ? 'Appointment.identifier' : 'Appointment.extension',
  )
}

/** The resource with one more extension, in place of those of the same URL. */
export function withExtension<R extends Resource>(resource: R, extension: Extension): R {
  return { ...resource, extension: [...extensionsIn(resource).filter(({ url }) => url !== extension.url), extension] }
}

/** The links to earlier visits; those that an Appointment has stay with it, whatever a move says. */
export const isChained = ({ url = '' }: Extension): boolean => chained.has(url)

/** Those that are sent, where it has none of theirs yet. Throws `business-rule` where it would name other visits than it does. */
export function chainSaid(had: Resource, sent: Resource | undefined): readonly Extension[] {
  const said = extensionsIn(sent).filter(isChained)
  const links = extensionsIn(had).filter(isChained)
  if (said.some((one) => links.some(({ url }) => url === one.url) && !links.some((link) => isDeepStrictEqual(link, one))))
    throw fault('business-rule', 'Which visit this one replaces or follows stands: leave it as it is.', 'Appointment.extension')
  return said.filter((one) => !links.some(({ url }) => url === one.url))
}

/** The new Appointment names the one it replaces. */
export function addReplaces(resource: Resource, id: string): void {
  const valueReference = { reference: `Appointment/${id}` }
  const others = extensionsIn(resource).filter(
    ({ url, valueReference: said }) => url !== replacesUrl || !sameReference(said, valueReference),
  )
  resource.extension = [...others, { url: replacesUrl, valueReference }]
}

const sameReference = (said: unknown, { reference }: { reference: string }): boolean =>
  (said as { reference?: string } | undefined)?.reference === reference

/** What the replaced visit came after, the new one comes after, where it says nothing else. */
export function withPrevious<R extends Resource>(resource: R, replaced: Resource): R {
  const previous = extensionsIn(replaced).find(({ url }) => url === previousUrl)
  return previous && !extensionsIn(resource).some(({ url }) => url === previousUrl) ? withExtension(resource, previous) : resource
}
