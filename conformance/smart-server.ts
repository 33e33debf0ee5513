/** Where a SMART server says how it is asked for tokens. https://hl7.org/fhir/smart-app-launch/conformance.html */
import type { Loose } from './client.ts'
import { status } from './expect.ts'
import type { Need } from './needs.ts'
import type { Site } from './site.ts'

export const guide = (page: string, anchor: string): string => `https://hl7.org/fhir/smart-app-launch/${page}.html#${anchor}`
export const wellKnown = '.well-known/smart-configuration'

export const secured: Need = (can) =>
  can.rest.security?.service?.some(({ coding = [] }: Loose) => coding.some(({ code }: Loose) => code === 'SMART-on-FHIR'))
    ? undefined
    : 'SMART-on-FHIR is not declared'

export const configuration = async ({ get }: Site): Promise<Loose> =>
  status(await get(wellKnown, { token: null, headers: { accept: 'application/json' } }), 200, wellKnown).json
