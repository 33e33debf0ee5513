/**
 * What a run needs to know of an authorization server that nobody can find out by asking: which apps and programs are
 * registered there, how somebody signs in, and how the EHR comes by a launch. A JSON file in these words (`--smart FILE`).
 */
import { readFile } from 'node:fs/promises'
import type { JWK } from 'jose'
import type { Typed } from './form.ts'

/** A private key, with `kid` and `alg`. */
export type Key = JWK & { readonly kid: string; readonly alg: string }

/** Public where it has neither a secret nor a key. */
export type App = {
  readonly client_id: string
  readonly redirect_uri: string
  /** For a launch by itself; with `offline_access` what is checked of refresh tokens can be. */
  readonly scope: string
  readonly client_secret?: string
  readonly key?: Key
}

/** How a launch is come by: one that is good again and again, or what is sent where for a new one. */
export type Ehr = {
  readonly launch?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: object
  /** For the first of the apps, beside `launch`. */
  readonly scope: string
  readonly patient?: string
}

export type Program = { readonly client_id: string; readonly key: Key; readonly scope: string }

export type SmartOptions = {
  readonly apps?: readonly App[]
  /** What is typed into which form of a sign-in: each is for the forms that have all its names. */
  readonly sign_in?: readonly Typed[]
  readonly ehr?: Ehr
  readonly program?: Program
}

const known: Readonly<Record<keyof SmartOptions, true>> = { apps: true, sign_in: true, ehr: true, program: true }

export async function smartOptions(file: string): Promise<SmartOptions> {
  const said = JSON.parse(await readFile(file, 'utf8')) as SmartOptions
  const odd = Object.keys(said).find((name) => !(name in known))
  if (odd !== undefined) throw new Error(`${file}: ${odd} is not one of ${Object.keys(known).join(', ')}`)
  return said
}

export const kinds = {
  public: ({ client_secret, key }: App): boolean => client_secret === undefined && key === undefined,
  symmetric: ({ client_secret }: App): boolean => client_secret !== undefined,
  asymmetric: ({ key }: App): boolean => key !== undefined,
  refreshing: ({ scope }: App): boolean => /\b(offline|online)_access\b/.test(scope),
  OpenID: ({ scope }: App): boolean => scope.split(' ').includes('openid'),
}
