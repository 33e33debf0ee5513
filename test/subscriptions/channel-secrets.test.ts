/** What a Subscription says for its endpoint alone: whoever may write it reads it as it was written, nobody else on any way. */
import { createHmac } from 'node:crypto'
import { channelPlace, channelSecretsUrl, openedSubscription, sealedSubscription } from '../../src/access/channel-secrets.ts'
import { newSecretKey, type SecretKey, type Secrets, secretKey, secretsUnder } from '../../src/base/sealed.ts'
import { listExports } from '../../src/jobs/list-exports.ts'
import { sealChannels } from '../../src/jobs/seal-channels.ts'
import type { Pool, Statement } from '../../src/store/db.ts'
import { openSecrets } from '../../src/store/secret-keys.ts'
import { sealAllAnew, secretsByKey } from '../../src/store/secrets.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { type Answer, type Call, eventually, made, type TestHouse, testHouse } from '../support/house.ts'
import { isEvent, type Receiver, receiver } from '../support/receiver.ts'
import { testKey } from '../support/secrets.ts'
import { becomes, byCriteria, byTopic, subscribed } from './subscribing.ts'

/** The words themselves: of some hundred thousand letters that are sealed, `XQ…QX` with any others between them comes about by chance. */
const inClear = 'XQ(TOKEN|SIGNING)QX'
const secret = new RegExp(inClear)
const token = 'XQTOKENQX'
const signing = 'XQSIGNINGQX-of-some-length'
const headers = [`Authorization: Bearer ${token}`, `X-Key: one-${token}`, `X-Key: two-${token}`]
const leftOut = { url: 'https://slotwise.org/fhir/StructureDefinition/channel-secrets', valueCode: 'left-out' }

type Channel = { header?: string[]; endpoint: string; extension?: { url: string; valueString?: string; valueUnsignedInt?: number }[] }
type Subscription = { channel: Channel; id: string; status: string; meta: { versionId: string } }

let house: TestHouse
let reader: Call
let hook: Receiver
let id: string
/** As it is sent, with an extension that is no secret before the one that is. */
let sent: ReturnType<typeof byTopic>

beforeAll(async () => {
  house = await testHouse({ tick: true, work: true })
  reader = house.as(await house.token('system/*.rs'))
  hook = await receiver()
  sent = byTopic({ endpoint: hook.url, content: 'full-resource', headers, secret: signing, timeout: 7 })
  id = (await subscribed(house.call, sent)).id
})
afterAll(async () => {
  await house?.close()
  await hook?.close()
})

const subscriptionIn = ({ json }: Answer): Subscription => json as unknown as Subscription
const stored = async (call = house.call): Promise<Subscription> => subscriptionIn(await call('GET', `Subscription/${id}`))
const query = <Row>(text: string, ...values: unknown[]): Promise<Row[]> => house.house.pool.query<Row>({ text, values })
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

/** Every way by which a Subscription is shown, as it was written in each of its versions. */
const ways = (call: Call): Promise<Answer>[] => [
  call('GET', `Subscription/${id}`),
  call('GET', `Subscription/${id}?_elements=channel`),
  call('GET', `Subscription/${id}/_history/1`),
  call('GET', `Subscription/${id}/_history`),
  call('GET', 'Subscription/_history?_count=5'),
  call('GET', '_history?_count=100'),
  call('GET', `Subscription?_id=${id}`),
  call('GET', `?_type=Subscription,Slot&_id=${id}`),
  call('GET', `Provenance?target=Subscription/${id}&_include=Provenance:target`),
  call('POST', '', {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'GET', url: `Subscription/${id}` } }],
  }),
]

it('is told to the endpoint', async () => {
  const message = await told()
  expect(message?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'x-key': `one-${token}, two-${token}` })
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(String(message?.headers['x-slotwise-signature'])) ?? []
  expect(hex).toBe(createHmac('sha256', signing).update(`${seconds}.${message?.body}`).digest('hex'))
})

it('is read as it was written by whoever may write it, on every way, and by nobody else', async () => {
  made(
    await house.call('POST', 'Provenance', {
      resourceType: 'Provenance',
      target: [{ reference: `Subscription/${id}` }],
      recorded: '2026-11-23T10:00:00Z',
      agent: [{ who: { display: 'An interface engine' } }],
    }),
  )
  expect((await stored()).channel).toEqual(sent.channel)
  for (const { status, text } of await Promise.all(ways(house.call)))
    expect([status, headers.every((one) => text.includes(one)), text.includes(signing)]).toEqual([200, true, true])
  for (const { status, text } of await Promise.all(ways(reader)))
    expect([
      status,
      text.includes(id),
      text.includes('left-out'),
      text.includes('REDACTED'),
      secret.test(text),
      /sealed:/.test(text),
    ]).toEqual([200, true, true, true, false, false])
  const { header: _header, ...channel } = sent.channel as Channel
  const shown = await stored(reader)
  expect(shown.channel).toEqual({
    ...channel,
    extension: [...(channel.extension ?? []).filter(({ valueString }) => !valueString), leftOut],
  })
  const asked = { headers: { authorization: `Bearer ${await house.token('system/*.rs')}`, accept: 'application/fhir+xml' } }
  const xml = await (await fetch(`${house.house.base}/Subscription/${id}`, asked)).text()
  expect([xml.includes('left-out'), secret.test(xml)]).toEqual([true, false])
  const summary = await house.call('GET', `Subscription?_id=${id}&_summary=true`)
  expect(summary.text).toContain(headers[0])
})

it('is answered to its writer, and stands nowhere in the database', async () => {
  const put = subscriptionIn(await house.call('PUT', `Subscription/${id}`, { ...(await stored()), reason: 'another' }))
  expect(put.channel).toEqual(sent.channel)
  const patched = [{ op: 'replace', path: '/reason', value: 'a third' }]
  const patch = await house.call('PATCH', `Subscription/${id}`, patched, { 'content-type': 'application/json-patch+json' })
  expect([patch.status, subscriptionIn(patch).channel]).toEqual([200, sent.channel])
  const request = { method: 'POST', url: 'Subscription' }
  const transaction = { resourceType: 'Bundle', type: 'transaction', entry: [1, 2].map(() => ({ request, resource: sent })) }
  const { json } = await house.call('POST', '', transaction, { prefer: 'return=representation' })
  for (const { resource } of json.entry ?? []) {
    expect((resource as unknown as Subscription).channel).toEqual(sent.channel)
    await house.call('DELETE', `Subscription/${resource.id}`)
  }
  const creator = house.as(await house.token('system/Subscription.c system/Appointment.rs'))
  const unread = await creator('POST', 'Subscription', sent)
  expect([unread.status, secret.test(unread.text)]).toEqual([201, false])
  await house.call('DELETE', `Subscription/${unread.json.id}`)
  const tables = await query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'r' and n.nspname in ('public', 'graphile_worker')`,
  )
  expect(tables.length).toBeGreaterThan(50)
  const found = await query<{ name: string }>(
    tables.map(({ name }) => `select '${name}' as name from ${name} t where t::text ~ '${inClear}'`).join(' union '),
  )
  expect(found).toEqual([])
})

it('is left out of exports and of what others are told of Subscriptions, whoever asks', async () => {
  const other = await receiver()
  const payload = 'application/fhir+json'
  const about = await subscribed(house.call, byCriteria(`Subscription?_id=${id}`, { endpoint: other.url, payload }))
  made(await house.call('PUT', `Subscription/${id}`, { ...(await stored()), reason: 'told on' }), 200)
  const [message] = await other.waitFor(1, ({ body }) => body.includes('told on'))
  expect([message?.body.includes('left-out'), secret.test(message?.body ?? '')]).toEqual([true, false])
  const again = await house.call('GET', `Subscription/${about.id}/$events?content=full-resource`)
  expect([again.status, again.text.includes('told on'), secret.test(again.text)]).toEqual([200, true, false])
  await house.call('DELETE', `Subscription/${about.id}`)
  const kicked = await house.call('GET', '$export?_type=Subscription', undefined, { prefer: 'respond-async' })
  const status = String(kicked.headers.get('content-location')).slice(`${house.house.base}/`.length)
  const before = await stored()
  // What the export lists was superseded since: that version is in it.
  made(await house.call('PUT', `Subscription/${id}`, { ...before, reason: 'after the export' }), 200)
  const manifest = await listed(status)
  const lines = await house.call('GET', manifest.slice(`${house.house.base}/`.length))
  const line = lines.text.split('\n').find((one) => one.includes(id))
  expect([line?.includes('left-out'), line?.includes('told on'), secret.test(lines.text), lines.text.includes('sealed:')]).toEqual([
    true,
    true,
    false,
    false,
  ])
  await other.close()
})

async function listed(status: string): Promise<string> {
  await eventually(60_000, async () => {
    await listExports(house.house)
    return (await house.call('GET', status)).status === 200
  })
  const { output } = made(await house.call('GET', status), 200) as unknown as { output?: { url: string }[] }
  return output?.[0]?.url ?? ''
}

describe('a round trip', () => {
  const put = (body: object, more: Record<string, string> = {}) => house.call('PUT', `Subscription/${id}`, body, more)

  it('of its writer changes nothing, and one of a reader keeps what they were not shown', async () => {
    const whole = await stored()
    const same = await put(whole, { 'if-match': `W/"${whole.meta.versionId}"` })
    expect([same.status, subscriptionIn(same).meta.versionId]).toEqual([200, whole.meta.versionId])
    const cut = await stored(reader)
    const kept = await put(cut)
    expect([kept.status, subscriptionIn(kept)]).toEqual([200, whole])
    const changed = subscriptionIn(await put({ ...cut, reason: 'by a reader of the rest' }))
    expect(changed.channel).toEqual(sent.channel)
    expect(JSON.stringify(changed.meta)).not.toMatch(/REDACTED|SUBSETTED/)
    // A program that keeps no extension which it does not know.
    const { extension: _extension, ...channel } = cut.channel
    expect(subscriptionIn(await put({ ...cut, reason: 'plainer', channel })).channel.header).toEqual(headers)
    await put({ ...whole, status: 'requested' })
    await becomes(house.call, id, 'active')
    expect((await told())?.headers).toMatchObject({ authorization: `Bearer ${token}` })
  })

  it('puts them in for no other endpoint, nor where there are none', async () => {
    const cut = await stored(reader)
    const elsewhere = await put({ ...cut, channel: { ...cut.channel, endpoint: `${hook.url}/elsewhere` } })
    expect([elsewhere.status, elsewhere.json.issue[0]?.expression]).toEqual([422, ['Subscription.channel']])
    expect((await house.call('POST', 'Subscription', { ...cut, id: undefined })).status).toBe(422)
    expect((await stored()).channel.endpoint).toBe(hook.url)
  })

  it('of its writer without them takes them away', async () => {
    const whole = await stored()
    const { header: _header, ...channel } = whole.channel
    expect(subscriptionIn(await put({ ...whole, channel })).channel).toEqual(channel)
    made(await put({ ...whole, status: 'requested' }), 200)
    await becomes(house.call, id, 'active')
  })

  it('with what was sealed, had from elsewhere, opens nothing', async () => {
    const [row] = await query<{ type: object }>(`select body->'channel'->'_type' as type from subscription where id = $1`, id)
    const forged = byTopic({ endpoint: hook.url })
    const channel = { ...forged.channel, _type: row?.type }
    expect((await house.call('POST', 'Subscription', { ...forged, channel })).status).toBe(422)
    const contained = [{ resourceType: 'Subscription', id, status: 'off', reason: 'x', criteria: 'Slot?', channel }]
    const focus = { reference: `#${id}` }
    const task = made(await house.call('POST', 'Task', { resourceType: 'Task', status: 'draft', intent: 'order', contained, focus }))
    for (const path of [`Task/${task.id}`, 'Task?_include=Task:focus']) expect((await reader('GET', path)).text).not.toMatch(secret)
    expect((await house.call('GET', 'Task?_include=Task:focus')).status).toBe(200)
  })
})

it('of before is sealed at the next start, in every version, once', async () => {
  const whole = await stored()
  const state = { headers: [['authorization', token]], secret: signing }
  await query('update subscription set body = $2::jsonb where id = $1', id, JSON.stringify(whole))
  await query('update subscription_history set body = $2::jsonb where id = $1 and version = 1', id, JSON.stringify(whole))
  await query('update subscription_state set asked = asked || $2::jsonb, secrets = null where subscription = $1', id, JSON.stringify(state))
  await sealChannels(house.house.pool, house.house.secrets)
  const [clear] = await query<{ n: number }>(
    `select count(*)::int as n from (select body::text as t from subscription union all select body::text from subscription_history
       union all select s::text from subscription_state s) every where t ~ '${inClear}'`,
  )
  expect(clear).toEqual({ n: 0 })
  expect(await stored()).toEqual(whole)
  expect(subscriptionIn(await house.call('GET', `Subscription/${id}/_history/1`)).channel).toEqual(sent.channel)
  expect((await told())?.headers.authorization).toBe(token)
  const before = await query('select body from subscription where id = $1', id)
  await sealChannels(house.house.pool, house.house.secrets)
  expect(await query('select body from subscription where id = $1', id)).toEqual(before)
})

describe('in very many versions', () => {
  const [versions, from] = [1_100, 1_000_000]
  const superseded = (body: string) =>
    query(
      `insert into subscription_history (id, version, updated, deleted, body)
       select $1, n, now(), false, $2::jsonb from generate_series(${from}, ${from + versions - 1}) n`,
      id,
      body,
    )
  const countOf = async (condition: string): Promise<number | undefined> =>
    (await query<{ n: number }>(`select count(*)::int as n from subscription_history where version >= ${from} and ${condition}`))[0]?.n
  afterEach(() => query(`delete from subscription_history where version >= ${from}`))

  it('is sealed so many at a time, and where that breaks off, the next start goes on', async () => {
    await query(`delete from milestone where name = 'channels-sealed'`)
    await superseded(JSON.stringify(await stored()))
    const { pool, secrets } = house.house
    const state = { sealed: 0, most: 0 }
    const stops: Secrets = {
      ...secrets,
      seal: (text, where) => {
        if (++state.sealed > 800) throw new Error('the power is gone')
        return secrets.seal(text, where)
      },
    }
    const watched: Pool = {
      ...pool,
      connect: (use) =>
        pool.connect((db) =>
          use({
            query: async <Row>(statement: Statement) => {
              const rows = await db.query<Row>(statement)
              state.most = Math.max(state.most, rows.length)
              return rows
            },
          }),
        ),
    }
    await expect(sealChannels(watched, stops)).rejects.toThrow('the power is gone')
    const open = `body->'channel' ? 'header'`
    // One portion stands, whole; of the next nothing does.
    expect(await countOf(open)).toBe(versions - 500)
    // Of two servers that start at once neither does what the other has done, and neither waits in a circle.
    await Promise.all([sealChannels(watched, secrets), sealChannels(watched, secrets)])
    expect([await countOf(open), await countOf(`body::text ~ '${inClear}'`), state.most]).toEqual([0, 0, 500])
    const places = await query<{ sealed: string }>(
      `select distinct body #>> '{channel,_type,extension,0,valueString}' as sealed from subscription_history where version >= ${from}`,
    )
    expect(places).toHaveLength(versions)
    expect(secret.test(Buffer.from(secrets.open(places[0]?.sealed ?? '', channelPlace(id)), 'base64url').toString())).toBe(true)
  })

  it('is sealed anew in reading each of them as often as one, however many there are', async () => {
    const [row] = await query<{ body: string }>('select body::text as body from subscription where id = $1', id)
    await superseded(row?.body ?? '')
    const other = secretKey(newSecretKey()) as SecretKey
    const undone = new Error('undone')
    const rotated = inTransaction(house.house.pool, async (tx) => {
      expect(
        await sealAllAnew(
          tx,
          secretsUnder(() => [other, testKey]),
          other.id,
        ),
      ).toBeGreaterThan(versions)
      const [read] = await tx.query<{ n: number }>({
        text: `select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_xact_user_tables where relname = 'subscription_history'`,
        values: [],
      })
      expect(read?.n).toBeGreaterThan(versions)
      expect(read?.n).toBeLessThan(20 * versions)
      throw undone
    })
    await expect(rotated).rejects.toBe(undone)
  })
})

it('is sealed anew with every other secret', async () => {
  const fresh = secretKey(newSecretKey()) as SecretKey
  const secrets = secretsUnder(() => [fresh, testKey])
  const before = await secretsByKey(house.house.pool)
  await inTransaction(house.house.pool, (tx) => sealAllAnew(tx, secrets, fresh.id))
  expect(await secretsByKey(house.house.pool)).toEqual(new Map([[fresh.id, before.get(testKey.id)]]))
  const rows = await query<{ sealed: string }>(
    `select r.body #>> '{channel,_type,extension,0,valueString}' as sealed
       from (select id, body from subscription union all select id, body from subscription_history) r where id = $1 and body is not null`,
    id,
  )
  const opened = rows.filter(({ sealed }) => sealed).map(({ sealed }) => secrets.open(sealed, `subscription/${id}/channel`))
  expect([opened.length > 5, opened.every((one) => secret.test(Buffer.from(one, 'base64url').toString()))]).toEqual([true, true])
  // To a server that has lost its key nothing is shown, and nothing breaks.
  expect(await stored()).toMatchObject({ channel: { extension: expect.arrayContaining([leftOut]) } })
})

it('is opaque where there is no key, so that no word of it is found, and read as it was written', () => {
  const none = openSecrets(undefined)
  const text = JSON.stringify({ ...sent, id })
  const kept = sealedSubscription(none, id, text)
  expect(kept).not.toMatch(secret)
  expect(kept).toContain(channelSecretsUrl)
  expect(JSON.parse(openedSubscription(none, id, kept))).toEqual(JSON.parse(text))
})

it('is opened also as earlier builds have sealed it: the JSON as it stands', () => {
  const text = JSON.stringify({ ...sent, id })
  const kept = sealedSubscription(house.house.secrets, id, text)
  const sealed = /"valueString":"(sealed:[^"]*)"/.exec(kept)?.[1] ?? ''
  const json = Buffer.from(house.house.secrets.open(sealed, channelPlace(id)), 'base64url').toString()
  const before = kept.replace(sealed, house.house.secrets.seal(json, channelPlace(id)))
  expect([json.startsWith('{'), before === kept]).toEqual([true, false])
  expect(JSON.parse(openedSubscription(house.house.secrets, id, before))).toEqual(JSON.parse(text))
})
