/**
 * Makes access tokens: JWTs signed by the server's own key, in the claims of RFC 9068 and SMART on FHIR.
 * https://www.rfc-editor.org/rfc/rfc9068 https://hl7.org/fhir/smart-app-launch/app-launch.html
 *
 * Who may have a token for what is not decided here: today an operator mints one with `slotwise token`.
 */

import { SignJWT } from 'jose'
import { parseScopes } from '../access/scopes.ts'
import { operatorClient } from '../base/own-clients.ts'
import type { House } from '../store/house.ts'
import { signingAlgorithm, signingKey } from './keys.ts'

export type TokenRequest = {
  /** As SMART writes them, space-separated. */
  readonly scope: string
  /** The id of the Patient in context. */
  readonly patient?: string
  /** The person who is signed in, for example `Practitioner/12`. */
  readonly user?: string
  readonly client?: string
  /** What for, as a code of PurposeOfUse such as HPAYMT. */
  readonly purpose?: string
  readonly ttlSeconds: number
}

/** The `typ` of an access token, so that no other JWT of ours is ever taken for one (RFC 9068 2.1). */
export const accessTokenType = 'at+jwt'

export async function mintToken(
  house: House,
  { scope, patient, user, client = operatorClient, purpose, ttlSeconds }: TokenRequest,
): Promise<string> {
  const { kid, key } = await signingKey(house)
  const now = Math.floor(house.clock.now().getTime() / 1000)
  return new SignJWT({ scope, client_id: client, patient, fhirUser: user, purpose_of_use: purpose })
    .setProtectedHeader({ alg: signingAlgorithm, kid, typ: accessTokenType })
    .setIssuer(house.base)
    .setAudience(house.base)
    .setSubject(user ?? client)
    .setJti(house.ids.next())
    .setIssuedAt(now)
    .setExpirationTime(now + ttlSeconds)
    .sign(key)
}

/** The first that looks like a scope of resources, and grants nothing. */
export const misspeltScope = (scope: string): string | undefined =>
  scope.split(/\s+/).find((word) => /^(patient|user|system)\//.test(word) && parseScopes(word).length === 0)

/** Whether some of it is about one patient's data. */
export const reachesPatients = (scope: string): boolean => parseScopes(scope).some(({ level }) => level === 'patient')
