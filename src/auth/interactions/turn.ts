/** What the steps of a sign-in are handed, and what they answer with. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Interaction, Provider } from 'oidc-provider'
import type { House } from '../../store/house.ts'
import type { Elsewhere } from '../elsewhere/openid-client.ts'
import type { PatientChoices } from '../patients-of.ts'
import type { Refusals } from '../refusals.ts'

/** What a browser has sent; `form` of a POST. */
export type Step = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly uid: string
  readonly query: URLSearchParams
  readonly form?: URLSearchParams
  readonly address?: string
}

/** `cookie`: a whole Set-Cookie. */
export type PageReply = ({ readonly status: number; readonly page: string; readonly policy: string } | { readonly to: string }) & {
  readonly cookie?: string
}

export type SignInHouse = {
  readonly house: House
  readonly provider: Provider
  /** Forms are signed with it. */
  readonly secret: string
  readonly patients: PatientChoices
  readonly refusals: Refusals
  /** Absent where people sign in here alone. */
  readonly elsewhere?: Elsewhere
}

export type Turn = SignInHouse & {
  readonly step: Step
  readonly details: Interaction
  readonly client: { readonly id: string; readonly name: string }
  /** Where the page's forms lead. */
  readonly action: string
  readonly show: (page: string, status?: number, script?: string) => PageReply
  /** Back to the authorization endpoint, with what came of it. */
  readonly done: (result: Record<string, unknown>) => Promise<PageReply>
}
