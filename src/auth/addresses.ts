/**
 * Where the authorization server stands, from the FHIR base alone: the issuer is the address that the world sees, and the
 * endpoints stand below it (docs/sign-in.md). The library behind them need not be loaded to say so.
 */

/** PUBLIC_URL: what stands in `iss`. */
export const issuerOf = (base: string): string => base.replace(/\/fhir$/, '')

/** Paths below the issuer. */
export const paths = {
  authorization: '/auth/authorize',
  token: '/auth/token',
  jwks: '/auth/jwks',
  introspection: '/auth/introspect',
  revocation: '/auth/revoke',
  end_session: '/auth/logout',
  interaction: '/auth/interaction',
  launch: '/auth/launch',
  callback: '/auth/callback',
  registration: '/auth/register',
  account: '/auth/account',
  recover: '/auth/recover',
  verifyEmail: '/auth/verify-email',
  passkeyScript: '/auth/passkey.js',
} as const

/** How an authenticator app calls this server. */
export const issuerNameOf = (base: string): string => `Slotwise ${new URL(base).host}`

export const addressOf = (base: string, name: keyof typeof paths): string => `${issuerOf(base)}${paths[name]}`
