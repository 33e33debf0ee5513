/**
 * The second step: which patient, which of their encounters, and whether the app may. What is asked for is cut down to what
 * this person may give (`access/role-scopes.ts`) before they are asked, and what they allow is kept as a grant with its launch
 * context.
 */
import { narrowScopes } from '../../access/narrow-scopes.ts'
import { scopesOfRoles } from '../../access/role-scopes.ts'
import { dayMs } from '../../base/durations.ts'
import { grantDays } from '../../base/sign-in-limits.ts'
import { type AccountRow, findAccount } from '../../store/accounts.ts'
import { formToken } from '../form-token.ts'
import { findLaunch, type Launch, useLaunch } from '../launch.ts'
import { keepContext, type LaunchContext } from '../launch-context.ts'
import { type ConsentPage, consentPage } from '../pages/consent.ts'
import { encounterPickerPage } from '../pages/encounter-picker.ts'
import { type Choice, patientPickerPage } from '../pages/patient-picker.ts'
import { isStaff, patientsOf, type Reader } from '../patients-of.ts'
import { askAgain, chooseEncounter, isEncounterScope, mayReadEncounters, noEncounter } from './encounter.ts'
import type { PageReply, Turn } from './turn.ts'

type Asked = {
  readonly account: AccountRow
  readonly scopes: readonly string[]
  readonly launch?: Launch
  readonly reader: Reader
}

const denied = (turn: Turn, why: string): Promise<PageReply> => turn.done({ error: 'access_denied', error_description: why })

export async function consent(turn: Turn): Promise<PageReply> {
  const { house, step, details, client } = turn
  const account = await findAccount(house.pool, details.session?.accountId ?? '')
  if (!account) return denied(turn, 'the account is not there any more')
  const said = details.params.launch
  const launch = said === undefined ? undefined : await findLaunch(house, said, client.id)
  const scopes = narrowScopes(details.params.scope ?? '', scopesOfRoles(account.roles)).filter((scope) =>
    isThere(scope, account, said, launch),
  )
  if (scopes.length === 0) return denied(turn, 'nothing of what the app asks for may be given by this person')
  if (said !== undefined && !launch) return denied(turn, 'the launch has run out or was used before')
  if (launch?.person !== undefined && launch.person !== account.person) return denied(turn, 'the launch was made for somebody else')
  const asked: Asked = { account, scopes, launch, reader: { client: client.id, person: account.person, address: step.address } }
  return step.form ? answered(turn, asked, step.form) : ask(turn, asked)
}

/** A launch names its encounter or has none; without a launch it is chosen, by whoever may. */
const isThere = (scope: string, account: AccountRow, said: string | undefined, launch: Launch | undefined): boolean =>
  !isEncounterScope(scope) || (said === undefined ? mayReadEncounters(account) : launch?.encounter !== undefined)

const asksEncounter = ({ scopes, launch }: Asked): boolean => !launch && scopes.some(isEncounterScope)
const needsPatient = (asked: Asked): boolean =>
  asked.scopes.some((scope) => /^(launch\/patient|patient\/)/.test(scope)) || asksEncounter(asked)

async function ask(turn: Turn, asked: Asked): Promise<PageReply> {
  const { account, launch } = asked
  if (!needsPatient(asked) && launch?.patient === undefined) return askConsent(turn, asked, undefined)
  const staff = isStaff(account)
  const own = staff ? [] : await patientsOf(turn.house, account)
  if (!staff && own.length === 0) return denied(turn, 'this person acts for no patient')
  const id = launch?.patient ?? (own.length === 1 ? own[0] : (turn.step.query.get('patient') ?? undefined))
  const chosen = id === undefined ? undefined : await mayChoose(turn, asked, id)
  if (chosen) return askEncounter(turn, asked, chosen)
  if (launch?.patient !== undefined) return denied(turn, 'this person may not open the record that the launch names')
  return askPatient(turn, asked, own)
}

/** Undefined where the record is not this person's to open. */
async function mayChoose({ house, patients }: Turn, { account, reader }: Asked, id: string): Promise<Choice | undefined> {
  const staff = isStaff(account)
  if (!staff && !(await patientsOf(house, account)).includes(id)) return undefined
  return patients.one(reader, id, !staff)
}

async function askPatient(turn: Turn, { account, reader }: Asked, own: readonly string[]): Promise<PageReply> {
  const { client, action, patients, step } = turn
  const name = step.query.get('name')?.trim() ?? ''
  if (isStaff(account)) {
    const choices = name === '' ? [] : await patients.named(reader, name)
    return turn.show(patientPickerPage({ client: client.name, action, choices, search: { asked: name } }))
  }
  const all = await Promise.all(own.map((id) => patients.one(reader, id, true)))
  return turn.show(patientPickerPage({ client: client.name, action, choices: all.flatMap((one) => one ?? []) }))
}

async function askEncounter(turn: Turn, asked: Asked, patient: Choice): Promise<PageReply> {
  if (!asksEncounter(asked)) return askConsent(turn, asked, patient)
  const { client, action, step } = turn
  const { open, chosen } = await chooseEncounter(turn, asked, patient.id, step.query.get('encounter') ?? undefined)
  if (chosen === undefined)
    return turn.show(encounterPickerPage({ client: client.name, action, patient, choices: open, none: noEncounter }))
  const again = open.length > 0 ? `${action}?${new URLSearchParams({ patient: patient.id, encounter: askAgain })}` : undefined
  return askConsent(turn, asked, patient, { chosen: chosen === 'none' ? undefined : chosen, none: noEncounter, again })
}

function askConsent(
  turn: Turn,
  { scopes, account, launch }: Asked,
  patient: Choice | undefined,
  encounter?: ConsentPage['encounter'],
): PageReply {
  const { client, action, secret, step, details } = turn
  const choosesPatient = patient !== undefined && launch?.patient === undefined && (isStaff(account) || account.acts_for.length > 0)
  const token = formToken(secret, step.uid, details.prompt.name)
  return turn.show(consentPage({ client: client.name, person: account.name, scopes, patient, encounter, choosesPatient, action, token }))
}

/** The form is not believed: what it says of the patient is judged again. */
async function answered(turn: Turn, asked: Asked, form: URLSearchParams): Promise<PageReply> {
  const { house, details } = turn
  if (form.get('do') !== 'allow') return denied(turn, 'the person did not allow it')
  const said = asked.launch?.patient ?? (needsPatient(asked) ? form.get('patient') || undefined : undefined)
  const patient = said === undefined ? undefined : await mayChoose(turn, asked, said)
  if (!patient && (needsPatient(asked) || asked.launch?.patient !== undefined)) return ask(turn, asked)
  const encounter = patient && asksEncounter(asked) ? await encounterSaid(turn, asked, patient, form) : 'none'
  if (encounter === undefined) return ask(turn, asked)
  if (details.params.launch !== undefined && !(await useLaunch(house, details.params.launch)))
    return denied(turn, 'the launch was used before')
  if (!asksEncounter(asked)) return grant(turn, asked, { patient: patient?.id })
  if (encounter !== 'none') return grant(turn, asked, { patient: patient?.id, encounter: encounter.id })
  const scopes = asked.scopes.filter((scope) => !isEncounterScope(scope))
  return scopes.length > 0
    ? grant(turn, { ...asked, scopes }, { patient: patient?.id })
    : denied(turn, 'there is no encounter to open it for')
}

/** What was shown as chosen, if it is still to be had. */
const encounterSaid = async (turn: Turn, asked: Asked, patient: Choice, form: URLSearchParams) =>
  (await chooseEncounter(turn, asked, patient.id, form.get('encounter') ?? noEncounter)).chosen

const openidScopes = ['openid', 'fhirUser', 'profile', 'offline_access', 'online_access']

async function grant(
  turn: Turn,
  { account, scopes, launch }: Asked,
  said: Pick<LaunchContext, 'patient' | 'encounter'>,
): Promise<PageReply> {
  const { house, provider, details, client } = turn
  // The library compares scopes as texts: the request goes on as what was allowed.
  details.params.scope = scopes.join(' ')
  await details.persist()
  const given = new provider.Grant({ accountId: account.id, clientId: client.id })
  given.addOIDCScope(scopes.filter((scope) => openidScopes.includes(scope)).join(' '))
  given.addResourceScope(house.base, scopes.join(' '))
  const grantId = await given.save()
  const expires = new Date(house.clock.now().getTime() + grantDays * dayMs)
  const { client: _client, person: _person, ...context } = launch ?? { client: '' }
  await keepContext(house, { grantId, client: client.id, account: account.id, expires }, { ...context, ...said, person: account.person })
  return turn.done({ consent: { grantId } })
}
