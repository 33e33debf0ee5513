/**
 * A stream of events is held by a token, and lasts no longer than what the token stands for: the grant, the person's account,
 * the app's registration, and what Consents let the person see. https://hl7.org/fhir/smart-app-launch/
 */
import { createParser } from 'eventsource-parser'
import { addClient } from '../../src/auth/clients.ts'
import { disableAccount } from '../../src/store/accounts.ts'
import { removeAuthClient } from '../../src/store/auth-clients.ts'
import { eventually, made } from '../support/house.ts'
import { redirect, type SignInClinic, signInClinic, wholeSignIn } from './sign-in-clinic.ts'

let clinic: SignInClinic
beforeAll(async () => {
  clinic = await signInClinic()
}, 120_000)
afterAll(() => clinic?.server.close())

const waitMs = 60_000

type Stream = { readonly status: number; readonly focuses: string[]; readonly end: () => void; isOver: boolean }
const opened: Stream[] = []
afterEach(() => {
  for (const stream of opened.splice(0)) stream.end()
})

async function follow(token: unknown): Promise<Stream> {
  const leaving = new AbortController()
  const answer = await fetch(`${clinic.server.origin}/fhir/$event-stream?topic=appointment-changed&heartbeat=1`, {
    headers: { authorization: `Bearer ${token}` },
    signal: leaving.signal,
  })
  const stream: Stream = { status: answer.status, focuses: [], end: () => leaving.abort(), isOver: false }
  const parser = createParser({ onEvent: ({ data }) => stream.focuses.push(JSON.parse(data).focus) })
  const read = async () => {
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }))
  }
  const over = () => {
    stream.isOver = true
  }
  read().then(over, over)
  opened.push(stream)
  return stream
}

const proposed = async (patient: string): Promise<string> => {
  const participant = [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }]
  return `Appointment/${made(await clinic.server.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'proposed', participant })).id}`
}

/** Open, and told of what happens. */
async function listening(token: unknown, patient: string): Promise<Stream> {
  const stream = await follow(token)
  expect(stream.status).toBe(200)
  const visit = await proposed(patient)
  await eventually(waitMs, async () => stream.focuses.includes(visit))
  return stream
}

const ended = async (stream: Stream, token: unknown): Promise<void> => {
  await eventually(waitMs, async () => stream.isOver)
  const told = stream.focuses.length
  await proposed('p1')
  expect([(await follow(token)).status, stream.focuses.length]).toEqual([401, told])
}

it('ends when its token is revoked, and another of the same person goes on', async () => {
  const [{ json: one }, { json: other }] = [await wholeSignIn(clinic, 'ana'), await wholeSignIn(clinic, 'ana')]
  const [stream, goesOn] = [await listening(one.access_token, 'p1'), await listening(other.access_token, 'p1')]
  const body = new URLSearchParams({ token: String(one.access_token), client_id: 'public' })
  expect((await fetch(`${clinic.server.origin}/auth/revoke`, { method: 'POST', body })).status).toBe(200)
  await ended(stream, one.access_token)
  const visit = await proposed('p1')
  await eventually(waitMs, async () => goesOn.focuses.includes(visit))
  expect(goesOn.isOver).toBe(false)
})

it('ends when the account is disabled', async () => {
  const { json } = await wholeSignIn(clinic, 'ana')
  const stream = await listening(json.access_token, 'p1')
  expect(await disableAccount(clinic.server.house.pool, 'ana')).toBe(true)
  await ended(stream, json.access_token)
})

it('ends when the app is no longer registered', async () => {
  const scope = 'launch/patient openid fhirUser patient/*.rs user/*.rs'
  await addClient(clinic.server.house, { id: 'leaving', name: 'Leaving app', scope, redirects: [redirect] })
  const { json } = await wholeSignIn(clinic, 'doctor', { client_id: 'leaving', scope: 'openid fhirUser user/*.rs' })
  const stream = await listening(json.access_token, 'p1')
  expect(await removeAuthClient(clinic.server.house.pool, 'leaving')).toBe(true)
  await ended(stream, json.access_token)
})

it('tells of a patient no longer, once a Consent keeps them from whoever follows', async () => {
  const { json } = await wholeSignIn(clinic, 'doctor', { scope: 'openid fhirUser user/*.rs' })
  const stream = await listening(json.access_token, 'p1')
  const coded = (system: string, code: string) => ({ coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code }] })
  made(
    await clinic.server.call('POST', 'Consent', {
      resourceType: 'Consent',
      status: 'active',
      scope: coded('consentscope', 'patient-privacy'),
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      policyRule: coded('v3-ActCode', 'OPTIN'),
      patient: { reference: 'Patient/p1' },
      provision: {
        type: 'deny',
        actor: [{ role: coded('v3-ParticipationType', 'PRCP'), reference: { reference: 'Practitioner/d1' } }],
      },
    }),
  )
  const kept = await proposed('p1')
  const open = await proposed('p2')
  await eventually(waitMs, async () => stream.focuses.includes(open))
  expect([stream.focuses.includes(kept), stream.isOver]).toEqual([false, false])
})
