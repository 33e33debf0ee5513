/**
 * Other authorization servers whose access tokens are taken here: an EHR's, a hospital's. As the setting TRUSTED_ISSUERS says
 * them: `ISSUER jwks=URL audience=AUD scopes=S,S`, several with semicolons between.
 */
export type TrustedIssuer = {
  /** As it stands in `iss`. */
  readonly issuer: string
  /** Where its public keys stand. */
  readonly jwks: string
  /** What must stand in `aud`. */
  readonly audience: string
  /** The most that its tokens are good for here, space-separated. */
  readonly scopes: string
}

const address = /^https?:\/\/[^\s;]+$/

/** Undefined where it cannot be read. */
export function parseTrustedIssuers(text: string, base: string): TrustedIssuer[] | undefined {
  const entries = text.split(';').flatMap((entry) => entry.trim() || [])
  const parsed = entries.map((entry) => parseEntry(entry, base))
  return parsed.every((one) => one !== undefined) ? parsed : undefined
}

function parseEntry(entry: string, base: string): TrustedIssuer | undefined {
  const [issuer = '', ...parts] = entry.split(/\s+/)
  const said = new Map(parts.map((part): [string, string] => [part.split('=', 1)[0] ?? '', part.slice(part.indexOf('=') + 1)]))
  const jwks = said.get('jwks') ?? ''
  const isKnown = [...said].every(([name, value]) => ['jwks', 'audience', 'scopes'].includes(name) && value !== '')
  if (!address.test(issuer) || !address.test(jwks) || !isKnown) return undefined
  return {
    issuer,
    jwks,
    audience: said.get('audience') ?? base,
    scopes: (said.get('scopes') ?? 'patient/*.cruds,user/*.cruds').replaceAll(',', ' '),
  }
}
