/**
 * Programs that register themselves, and look after their registration: RFC 7591 and RFC 7592. Off unless an operator says so.
 * https://www.rfc-editor.org/rfc/rfc7591 https://www.rfc-editor.org/rfc/rfc7592
 *
 * Whoever has an invitation (`slotwise client invite`, good once) is registered at once, for what the invitation says. With
 * DYNAMIC_REGISTRATION=open anybody else may ask too, for a patient's scopes, and waits until an operator has looked
 * (`slotwise client approve`); so does each change of theirs. What a program is told once (its secret, the token for its own
 * registration) is kept as a hash.
 */
import { securityEvent } from '../../audit/security-event.ts'
import { allowances } from '../../base/allowances.ts'
import { newSecret } from '../../base/ids.ts'
import { networkOf } from '../../base/network-of.ts'
import { registrationsAMinute, unapprovedClientsMax } from '../../base/sign-in-limits.ts'
import {
  addRegistration,
  changeRegistration,
  findRegistration,
  isWaitingRoomFull,
  type RegistrationRow,
  removeAuthClient,
} from '../../store/auth-clients.ts'
import { consumeState, findState } from '../../store/auth-state.ts'
import type { Tx } from '../../store/db.ts'
import type { House } from '../../store/house.ts'
import { inTransaction } from '../../store/transaction.ts'
import { addressOf } from '../addresses.ts'
import { hashOf } from '../provider-state.ts'
import type { Refusals } from '../refusals.ts'
import { invitation } from './invitation.ts'
import { RegistrationRefused } from './refused.ts'
import { type Metadata, metadataIn, type Requested, requested } from './requested.ts'

export type RegistrationStep = {
  readonly method: string
  /** Of the program whose registration it is about; absent: a new one. */
  readonly id?: string
  readonly authorization?: string
  readonly body: unknown
  readonly address: string
}

export type RegistrationReply = { readonly status: number; readonly body?: object; readonly headers?: Readonly<Record<string, string>> }

/** What a program may be given that nobody has invited. */
const patientScopes = 'launch/patient openid fhirUser profile offline_access online_access patient/*.cruds'

const bearer = ({ authorization = '' }: RegistrationStep): string | undefined => /^bearer +(\S+)$/i.exec(authorization)?.[1]

const nobody = (): RegistrationRefused =>
  new RegistrationRefused('invalid_token', 'Send the token for this, and one that is still good, as Authorization: Bearer.')

/** One for a house; `asked` are counted by each process for itself. */
export function registration(house: House, refusals: Refusals): (step: RegistrationStep) => Promise<RegistrationReply> {
  const asked = allowances(registrationsAMinute)
  return async (step) => {
    try {
      const wait = asked.take(networkOf(step.address), house.clock.now().getTime())
      if (wait > 0)
        throw new RegistrationRefused('temporarily_unavailable', 'Too many registrations from this address.', Math.ceil(wait / 1000))
      return step.id === undefined ? await register(house, step) : await lookAfter(house, step, step.id)
    } catch (error) {
      if (!(error instanceof RegistrationRefused)) throw error
      if (error.status === 401) refusals.note({ why: 'registration', address: step.address })
      return refusal(error)
    }
  }
}

const refusal = ({ code, message, status, waitSeconds }: RegistrationRefused): RegistrationReply => ({
  status,
  body: { error: code, error_description: message },
  headers: {
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="slotwise", error="invalid_token"' } : {}),
    ...(waitSeconds === undefined ? {} : { 'retry-after': String(waitSeconds) }),
  },
})

async function register(house: House, step: RegistrationStep): Promise<RegistrationReply> {
  const held = bearer(step)
  const now = house.clock.now()
  const found = held === undefined ? undefined : await findState(house.pool, invitation, hashOf(held), now)
  const invited = found?.consumed === null ? found : undefined
  if (!invited && (held !== undefined || house.registration !== 'open')) throw nobody()
  const asked = requested(house, metadataIn(step.body), invited ? String(invited.payload.scope) : patientScopes)
  if (!invited && (await isWaitingRoomFull(house.pool, unapprovedClientsMax)))
    throw new RegistrationRefused('temporarily_unavailable', 'As many programs wait for approval as may.', 3600)
  const [keeper, secret] = [newSecret(), asked.needsSecret ? newSecret() : undefined]
  const row: RegistrationRow = {
    id: house.ids.next(),
    metadata: withSecret(asked, secret && hashOf(secret)),
    scope: asked.scope,
    created: now,
    came: invited ? 'invited' : 'unasked',
    waiting: !invited,
  }
  await inTransaction(house.pool, async (tx) => {
    if (held !== undefined && !(await consumeState(tx, invitation, hashOf(held), now))) throw nobody()
    await addRegistration(tx, { ...row, keeper: hashOf(keeper) })
    await noted(
      house,
      tx,
      step,
      row.id,
      invited ? 'A program registered itself, by an invitation.' : 'A program registered itself, and waits.',
    )
  })
  return { status: 201, body: told(house, row, keeper, secret) }
}

const noted = ({ clock, ids }: House, tx: Tx, { address }: RegistrationStep, client: string, change: string): Promise<void> =>
  securityEvent({ pool: tx, clock, ids }, { what: 'client-change', client, change, address })

const withSecret = ({ metadata }: Requested, hash: unknown): RegistrationRow['metadata'] =>
  typeof hash === 'string' ? { ...metadata, client_secret: hash } : metadata

/** As `ids` makes them. An address may hold anything. */
const givenId = /^[\w-]{1,64}$/

/** RFC 7592: read, replaced, taken back by whoever holds its token. One that is not there is told like a wrong token. */
async function lookAfter(house: House, step: RegistrationStep, id: string): Promise<RegistrationReply> {
  const held = bearer(step)
  const row = held === undefined || !givenId.test(id) ? undefined : await findRegistration(house.pool, id, hashOf(held))
  if (!row || held === undefined) throw nobody()
  if (step.method === 'PUT') return replace(house, step, row, held)
  if (step.method !== 'DELETE') return { status: 200, body: told(house, row, held) }
  await inTransaction(house.pool, async (tx) => {
    if (!(await removeAuthClient(tx, id))) throw nobody()
    await noted(house, tx, step, id, 'A program took its registration back.')
  })
  return { status: 204 }
}

/** All of it anew, within the scopes that it has; the token for the next time is another. */
async function replace(house: House, step: RegistrationStep, row: RegistrationRow, held: string): Promise<RegistrationReply> {
  const said = metadataIn(step.body)
  assertSame(said, row)
  const asked = requested(house, said, row.came === 'invited' ? row.scope : patientScopes)
  const kept = row.metadata.client_secret
  const secret = asked.needsSecret && kept === undefined ? newSecret() : undefined
  const next = newSecret()
  const waiting = row.came !== 'invited'
  const changed = {
    ...row,
    metadata: withSecret(asked, asked.needsSecret ? (secret ? hashOf(secret) : kept) : undefined),
    scope: asked.scope,
    waiting,
  }
  await inTransaction(house.pool, async (tx) => {
    if (!(await changeRegistration(tx, { ...changed, at: house.clock.now(), keeper: hashOf(held), nextKeeper: hashOf(next) })))
      throw nobody()
    await noted(house, tx, step, row.id, waiting ? 'A program changed its registration, and waits.' : 'A program changed its registration.')
  })
  return { status: 200, body: told(house, changed, next, secret) }
}

/** RFC 7592 2.2: what only the server says cannot be changed. */
function assertSame(said: Metadata, { id, metadata }: RegistrationRow): void {
  const refuse = (why: string): never => {
    throw new RegistrationRefused('invalid_request', why)
  }
  if (said.client_id !== id) refuse('client_id must be that of this registration.')
  const odd = ['registration_access_token', 'registration_client_uri', 'client_secret_expires_at', 'client_id_issued_at'].find(
    (name) => said[name] !== undefined,
  )
  if (odd !== undefined) refuse(`${odd} must not be sent.`)
  if (said.client_secret !== undefined && hashOf(String(said.client_secret)) !== metadata.client_secret)
    refuse('client_secret must be the one that this program was given; it cannot be chosen.')
}

function told(house: House, { id, metadata, scope, created, waiting }: RegistrationRow, keeper: string, secret?: string): object {
  const { client_secret: _hash, ...open } = metadata
  return {
    client_id: id,
    client_id_issued_at: Math.floor(created.getTime() / 1000),
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    ...open,
    scope,
    ...(waiting ? { slotwise_waits_for_approval: true } : {}),
    registration_access_token: keeper,
    registration_client_uri: `${addressOf(house.base, 'registration')}/${id}`,
  }
}
