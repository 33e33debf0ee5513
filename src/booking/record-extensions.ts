/**
 * What the server itself writes down on an Appointment: how often it was moved, that it was cancelled late, why a rule was
 * overridden, that it waits for the clinic's answer, which series it is of. A patient may neither write these nor take them
 * off.
 */
import { isDeepStrictEqual } from 'node:util'
import { fault } from '../base/fault.ts'
import type { Resource } from '../fhir/resource.ts'
import { approvalUrl } from '../scheduling/extension-parts.ts'
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
export const replacesUrl = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces'

/** What makes visits a series. */
const ofSeries = [recurrenceTemplateUrl, recurrenceIdUrl, occurrenceChangedUrl, originatingAppointmentUrl] as const
const recorded: ReadonlySet<string> = new Set([movedUrl, lateCancellationUrl, overrideReasonUrl, approvalUrl, ...ofSeries])

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

/** Under a patient scope. Throws `business-rule`. */
export function assertKeepsRecord(before: Resource | undefined, after: Resource): void {
  const record = (resource: Resource | undefined, urls: ReadonlySet<string>): Extension[] =>
    extensionsIn(resource).filter(({ url = '' }) => urls.has(url))
  const chained = new Set([...recorded, replacesUrl])
  // A new visit may say which one it replaces; from then on that stands.
  if (before ? isDeepStrictEqual(record(before, chained), record(after, chained)) : record(after, recorded).length === 0) return
  throw fault(
    'business-rule',
    'Leave the extensions that the clinic has written (moves, replaced visits, overrides) as they are.',
    'Appointment.extension',
  )
}

/** The resource with one more extension, in place of those of the same URL. */
export function withExtension<R extends Resource>(resource: R, extension: Extension): R {
  return { ...resource, extension: [...extensionsIn(resource).filter(({ url }) => url !== extension.url), extension] }
}
