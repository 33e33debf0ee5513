/**
 * What SMART asks of a client's signed assertion beyond what the library looks at: a short life, a `typ` if any of JWT, and
 * a key set that is the registered one. https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
 */
import type { Client, errors, KeyStore } from 'oidc-provider'
import { assertionSecondsMax } from '../base/sign-in-limits.ts'
import type { House } from '../store/house.ts'

type Claims = { readonly exp?: number; readonly iat?: number; readonly sub?: string; readonly iss?: string; readonly aud?: unknown }
type Header = { readonly typ?: string; readonly jku?: string; readonly kid?: string; readonly alg?: string }

/** Clocks of client and server may differ by so much. */
const toleranceSeconds = 15

export const assertionChecks =
  ({ clock }: Pick<House, 'clock'>, tokenEndpoint: string, { InvalidClientAuth }: typeof errors) =>
  async (_context: unknown, claims: Claims, header: Header, client: Client): Promise<void> => {
    const now = clock.now().getTime() / 1000
    const why = whyRefused(claims, header, { now, tokenEndpoint, client })
    if (why) throw new InvalidClientAuth(why)
  }

type Known = { readonly now: number; readonly tokenEndpoint: string; readonly client: Pick<Client, 'jwksUri' | 'asymmetricKeyStore'> }

function whyRefused(
  { exp = 0, aud }: Claims,
  { typ, jku, kid, alg = '' }: Header,
  { now, tokenEndpoint, client }: Known,
): string | undefined {
  if (exp - now > assertionSecondsMax + toleranceSeconds) return `exp must be at most ${assertionSecondsMax} seconds in the future`
  if (![aud].flat().includes(tokenEndpoint)) return 'aud must be the address of the token endpoint'
  if (kid === undefined) return 'the header must name its key (kid)'
  if (keysNamed(client.asymmetricKeyStore, kid, alg) !== 1) return 'kid must name one key of the set, and no more'
  if (typ !== undefined && typ.toUpperCase() !== 'JWT') return 'typ must be JWT'
  if (jku !== undefined && jku !== client.jwksUri) return 'jku must be the address that the client registered'
  return undefined
}

const keysNamed = (store: KeyStore, kid: string, alg: string): number =>
  [...store].filter((key) => key.kid === kid && key.kty === (alg.startsWith('RS') ? 'RSA' : 'EC')).length
