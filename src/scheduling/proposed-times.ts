/**
 * Other times that participants have proposed for a visit, as the Appointment keeps them: the extension `proposed-time`, one for
 * each participant, by whom and when. Nothing is held by them. fhir-profiles/StructureDefinition-proposed-time.json
 * Left out: what an answer makes of them (`appointment-response.ts`).
 */
import { instantOf, type Resource } from '../fhir/resource.ts'
import { type Element, elementsIn } from './element.ts'
import { proposedTimeUrl } from './extension-parts.ts'

export type ProposedTime = {
  /** Unix milliseconds. */
  readonly start: number
  readonly end: number
  /** `Practitioner/1`; nobody where only the type of the participant was said. */
  readonly by?: string
}

const part = (element: Element, name: string): Element | undefined => elementsIn(element.extension).find(({ url }) => url === name)

export const proposedTimes = (visit: Resource): ProposedTime[] =>
  elementsIn(visit.extension)
    .filter(({ url }) => url === proposedTimeUrl)
    .map((one) => ({
      start: Date.parse(String(part(one, 'start')?.valueInstant)),
      end: Date.parse(String(part(one, 'end')?.valueInstant)),
      by: (part(one, 'by')?.valueReference as { reference?: string } | undefined)?.reference,
    }))

/** The visit with these, in place of those that it has. */
export function withProposedTimes<R extends Resource>(visit: R, times: readonly ProposedTime[]): R {
  const others = elementsIn(visit.extension).filter(({ url }) => url !== proposedTimeUrl)
  const extension = [...others, ...times.map(extensionOf)]
  const { extension: _extension, ...bare } = visit
  return { ...bare, ...(extension.length > 0 && { extension }) } as R
}

const extensionOf = ({ start, end, by }: ProposedTime): Element => ({
  url: proposedTimeUrl,
  extension: [
    { url: 'start', valueInstant: instantOf(start) },
    { url: 'end', valueInstant: instantOf(end) },
    ...(by === undefined ? [] : [{ url: 'by', valueReference: { reference: by } }]),
  ],
})
