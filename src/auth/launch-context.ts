/**
 * What an app is opened with: the patient, and what else was in view. An EHR hands it over with a launch; a sign-in without
 * one asks. https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
 */
import type { Payload } from 'oidc-provider'
import { dropState, findState, keepState } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import type { FhirContext } from './fhir-context.ts'
import { hashOf } from './provider-state.ts'

export type LaunchContext = {
  readonly patient?: string
  readonly encounter?: string
  readonly fhirContext?: readonly FhirContext[]
  readonly intent?: string
  readonly needPatientBanner?: boolean
}

export type GrantedContext = LaunchContext & { readonly person: string }

const model = 'LaunchContext'

type Whose = { readonly grantId: string; readonly client: string; readonly account: string; readonly expires: Date }

export const keepContext = (
  { pool }: Pick<House, 'pool'>,
  { grantId, client, account, expires }: Whose,
  payload: GrantedContext,
): Promise<void> => keepState(pool, { model, id: hashOf(grantId), payload, grantId, client, account, expires })

export async function contextOf({ pool, clock }: Pick<House, 'pool' | 'clock'>, grantId: string): Promise<GrantedContext | undefined> {
  const found = await findState(pool, model, hashOf(grantId), clock.now())
  return found?.payload as GrantedContext | undefined
}

export const forgetContext = ({ pool }: Pick<House, 'pool'>, grantId: string): Promise<void> => dropState(pool, model, hashOf(grantId))

/** As it stands in a token's own record and in an introspection's answer. */
export const claimsOf = (base: string, context: GrantedContext): Payload => ({
  ...answerOf(context),
  fhirUser: `${base}/${context.person}`,
})

/** What is said beside an access token. */
export const answerOf = ({ patient, encounter, fhirContext, intent, needPatientBanner }: GrantedContext): Payload =>
  withoutHoles({ patient, encounter, fhirContext, intent, need_patient_banner: needPatientBanner })

const withoutHoles = (of: Payload): Payload => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined))
