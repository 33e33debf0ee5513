/** A clinic's own OpenID Connect server, at which people sign in, as the settings say it (`SIGN_IN_…`). */

export type SignInElsewhere = {
  readonly issuer: string
  readonly clientId: string
  /** Undefined for a client without one: PKCE alone then shows who asks. */
  readonly secret?: string
  /** As it stands on the button. */
  readonly name: string
  /** Whoever comes with a verified e-mail address that is an account's login is that account from then on. */
  readonly linksByEmail: boolean
  readonly roles?: RoleClaim
  /** Values of `acr` that stand for two factors. */
  readonly strongAcr?: readonly string[]
}

/** Roles by what stands in a claim: without any of them nobody comes in. */
export type RoleClaim = { readonly claim: string; readonly roleOf: ReadonlyMap<string, string> }

/** `groups: doctors=practitioner, desk=front-desk`; undefined where it cannot be read. */
export function parseRoleClaim(text: string, known: readonly string[]): RoleClaim | undefined {
  const [, claim, rest] = /^\s*([^\s:,=]+)\s*:(.+)$/.exec(text) ?? []
  if (claim === undefined || rest === undefined) return undefined
  const pairs = rest.split(',').map((part) => /^\s*(\S.*?)\s*=\s*([a-z-]+)\s*$/.exec(part) ?? [])
  if (pairs.some(([, value, role]) => value === undefined || !known.includes(role ?? ''))) return undefined
  return { claim, roleOf: new Map(pairs.map(([, value = '', role = '']) => [value, role])) }
}

/** What a claim comes to: a text, or a list of them. */
export function rolesIn({ claim, roleOf }: RoleClaim, claims: Readonly<Record<string, unknown>>): string[] {
  const said = [claims[claim]].flat()
  return [...new Set(said.flatMap((value) => (typeof value === 'string' ? (roleOf.get(value) ?? []) : [])))].sort()
}
