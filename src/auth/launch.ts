/**
 * EHR launch: whoever is signed in to the clinic's own system asks for a `launch` that an app is then opened with. It is
 * good for a few minutes, once, for one app, and where it was made for a person for that person alone.
 * https://hl7.org/fhir/smart-app-launch/app-launch.html#launch-app-ehr-launch
 */
import type { Actor } from '../access/actor.ts'
import { may } from '../access/may.ts'
import { fault } from '../base/fault.ts'
import { newSecret } from '../base/ids.ts'
import { launchMinutes } from '../base/sign-in-limits.ts'
import { idPattern } from '../fhir/resource.ts'
import { findAuthClient } from '../store/auth-clients.ts'
import { consumeState, findState, keepState } from '../store/auth-state.ts'
import type { House } from '../store/house.ts'
import { currentResource } from '../store/resources.ts'
import { readFhirContext } from './fhir-context.ts'
import type { LaunchContext } from './launch-context.ts'
import { hashOf } from './provider-state.ts'

export type Launch = LaunchContext & {
  readonly client: string
  /** Who alone may use it. */
  readonly person?: string
}

export type MintedLaunch = { readonly launch: string; readonly iss: string; readonly expires_in: number }

const model = 'Launch'

/** `asked`: `client_id`, `patient`, `encounter`, `fhirContext`, `intent`, `need_patient_banner`. */
export async function mintLaunch(house: House, actor: Actor, asked: unknown): Promise<MintedLaunch> {
  const permission = may(actor, 'r', 'Patient')
  if (!permission.allowed || permission.patient !== undefined || permission.queries)
    throw fault('forbidden', 'A launch is made by staff: the token must allow to read every Patient (user/Patient.r or system/Patient.r).')
  const launch = { ...readLaunch(asked), ...(actor.user === undefined ? {} : { person: actor.user }) }
  if (!(await findAuthClient(house.pool, launch.client))) throw fault('value', 'client_id names no registered client.', 'client_id')
  if (launch.patient !== undefined) {
    const patient = await currentResource(house.pool, 'Patient', launch.patient)
    if (!patient?.body || actor.keptFrom?.includes(launch.patient))
      throw fault('value', 'patient names no Patient that is there.', 'patient')
  }
  const value = newSecret()
  const expires = new Date(house.clock.now().getTime() + launchMinutes * 60_000)
  await keepState(house.pool, { model, id: hashOf(value), payload: launch, client: launch.client, expires })
  return { launch: value, iss: house.base, expires_in: launchMinutes * 60 }
}

function readLaunch(asked: unknown): Launch {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw fault('structure', 'Send a JSON object.')
  const {
    client_id: client,
    patient,
    encounter,
    fhirContext,
    intent,
    need_patient_banner: banner,
    ...others
  } = asked as Record<string, unknown>
  const [strange] = Object.keys(others)
  if (strange !== undefined) throw fault('structure', `A launch has no "${strange}".`, strange)
  if (typeof client !== 'string') throw fault('required', 'Say which app is opened: client_id.', 'client_id')
  return {
    client,
    patient: idOf('patient', patient),
    encounter: idOf('encounter', encounter),
    fhirContext: readFhirContext(fhirContext),
    intent: typeof intent === 'string' ? intent.slice(0, 200) : undefined,
    needPatientBanner: typeof banner === 'boolean' ? banner : undefined,
  }
}

function idOf(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !idPattern.test(value)) throw fault('value', `${name} must be an id.`, name)
  return value
}

/** The launch that an app names, where it may. */
export async function findLaunch({ pool, clock }: House, value: string, client: string): Promise<Launch | undefined> {
  const found = await findState(pool, model, hashOf(value), clock.now())
  const launch = found?.payload as Launch | undefined
  return launch?.client === client && found?.consumed === null ? launch : undefined
}

/** False where another was sooner. */
export const useLaunch = ({ pool, clock }: House, value: string): Promise<boolean> => consumeState(pool, model, hashOf(value), clock.now())
