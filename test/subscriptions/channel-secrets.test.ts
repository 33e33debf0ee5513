/** What a Subscription says for its endpoint alone: told to the endpoint, and to nobody else, on no way. */
import { createHmac } from 'node:crypto'
import { newSecretKey, type SecretKey, secretKey, secretsUnder } from '../../src/base/sealed.ts'
import { sealAllAnew, secretsByKey } from '../../src/store/secrets.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { made, type TestHouse, testHouse } from '../support/house.ts'
import { isEvent, type Receiver, receiver } from '../support/receiver.ts'
import { testKey } from '../support/secrets.ts'
import { becomes, byTopic, subscribed } from './subscribing.ts'

const token = 'XQTOKENQX'
const signing = 'XQSIGNINGQX-of-some-length'
const headers = [`Authorization: Bearer ${token}`, `X-Key: one-${token}`, `X-Key: two-${token}`]
const starred = ['Authorization: ********', 'X-Key: ********', 'X-Key: ********']
const signingUrl = 'https://slotwise.org/fhir/StructureDefinition/signing-secret'

type Channel = { header?: string[]; endpoint: string; extension?: { url: string; valueString?: string }[] }
type Subscription = { channel: Channel; id: string; status: string }

let house: TestHouse
let hook: Receiver
let id: string

beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  hook = await receiver()
  id = (await subscribed(house.call, byTopic({ endpoint: hook.url, content: 'full-resource', headers, secret: signing }))).id
}, 60_000)
afterAll(async () => {
  await house?.close()
  await hook?.close()
})

const stored = async (): Promise<Subscription> => (await house.call('GET', `Subscription/${id}`)).json as unknown as Subscription
const visit = async (): Promise<string> => {
  const patient = made(await house.call('POST', 'Patient', { resourceType: 'Patient' })).id
  const participant = [{ actor: { reference: `Patient/${patient}` }, status: 'needs-action' }]
  return made(await house.call('POST', 'Appointment', { resourceType: 'Appointment', status: 'proposed', participant })).id
}

/** The message about a new Appointment. */
async function told() {
  const appointment = await visit()
  const [message] = await hook.waitFor(1, (one) => isEvent(one) && one.body.includes(appointment))
  return message
}

it('is told to the endpoint', async () => {
  const message = await told()
  expect(message?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-key': `one-${token}, two-${token}` })
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(message?.headers['x-slotwise-signature'])) ?? []
  expect(hex).toBe(createHmac('sha256', signing).update(`${seconds}.${message?.body}`).digest('hex'))
})

it('is shown by no read, search, history, version or patch, and stands nowhere in the database', async () => {
  const patched = [{ op: 'replace', path: '/reason', value: 'still a test' }]
  const answers = [
    await house.call('PATCH', `Subscription/${id}`, patched, { 'content-type': 'application/json-patch+json' }),
    await house.call('GET', `Subscription/${id}`),
    await house.call('GET', `Subscription/${id}/_history/1`),
    await house.call('GET', `Subscription/${id}/_history`),
    await house.call('GET', 'Subscription?status=active,requested'),
  ]
  for (const { status, text } of answers) expect([status, text.includes('********'), /XQ\w+QX/.test(text)]).toEqual([200, true, false])
  const { channel } = await stored()
  expect([channel.header, channel.extension?.find(({ url }) => url === signingUrl)?.valueString]).toEqual([starred, '********'])
  const copy = await house.call('POST', 'Subscription', byTopic({ endpoint: hook.url, headers, secret: signing }))
  expect([copy.status, /XQ\w+QX/.test(copy.text)]).toEqual([201, false])
  await house.call('DELETE', `Subscription/${copy.json.id}`)
  for (const table of ['subscription', 'subscription_history', 'subscription_state', 'change', 'audit_event']) {
    const rows = await house.house.pool.query<{ n: number }>({
      text: `select count(*)::int as n from ${table} t where t::text ~ 'XQ[A-Z]+QX'`,
      values: [],
    })
    expect([table, rows]).toEqual([table, [{ n: 0 }]])
  }
})

it('is kept where stars are written back, and where it is said anew is another', async () => {
  made(await house.call('PUT', `Subscription/${id}`, { ...(await stored()), status: 'requested' }), 200)
  await becomes(house.call, id, 'active')
  expect((await told())?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-key': `one-${token}, two-${token}` })
  const { channel, ...rest } = await stored()
  const changed = { ...rest, status: 'requested', channel: { ...channel, header: ['Authorization: Bearer another', 'X-Key: ********'] } }
  made(await house.call('PUT', `Subscription/${id}`, changed), 200)
  await becomes(house.call, id, 'active')
  expect((await told())?.headers).toMatchObject({ authorization: 'Bearer another', 'x-key': `one-${token}` })
})

it('goes to no other endpoint than the one it was said for', async () => {
  const before = await stored()
  const elsewhere = { ...before, status: 'requested', channel: { ...before.channel, endpoint: `${hook.url}/elsewhere` } }
  const answer = await house.call('PUT', `Subscription/${id}`, elsewhere)
  expect([answer.status, answer.json.issue[0]?.expression]).toEqual([422, ['Subscription.channel.header[0]']])
  const more = { ...before, status: 'requested', channel: { ...before.channel, header: [...starred, 'X-More: ********'] } }
  expect((await house.call('PUT', `Subscription/${id}`, more)).status).toBe(422)
  expect((await stored()).channel.endpoint).toBe(hook.url)
  made(await house.call('PUT', `Subscription/${id}`, { ...elsewhere, status: 'off' }), 200)
})

it('is sealed anew with every other secret', async () => {
  const fresh = secretKey(newSecretKey()) as SecretKey
  const secrets = secretsUnder(() => [fresh, testKey])
  const before = await secretsByKey(house.house.pool)
  await inTransaction(house.house.pool, (tx) => sealAllAnew(tx, secrets, fresh.id))
  expect(await secretsByKey(house.house.pool)).toEqual(new Map([[fresh.id, before.get(testKey.id)]]))
  const [row] = await house.house.pool.query<{ secrets: string }>({
    text: 'select secrets from subscription_state where subscription = $1',
    values: [id],
  })
  expect(secrets.open(row?.secrets ?? '', `subscription_state/${id}/secrets`)).toContain('Bearer another')
})
