/** Clients, accounts and signing keys as an operator types them. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addAccount, signedIn } from '../../src/auth/accounts.ts'
import { signer } from '../auth/assertions.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { type Settings, slotwise, type Workplace, workplace } from '../support/program.ts'
import { testKeyText } from '../support/secrets.ts'

describe('the commands of signing in', () => {
  let server: TestHouse
  let place: Workplace
  let settings: Settings

  beforeAll(async () => {
    server = await testHouse({ registration: 'open' })
    place = await workplace()
    const keyFile = join(place.settings.DATA_DIR ?? '', '..', 'secrets.key')
    await writeFile(keyFile, `${testKeyText}\n`, { mode: 0o600 })
    settings = {
      ...place.settings,
      SECRETS_KEY_FILE: keyFile,
      DATABASE_URL: server.databaseUrl,
      PUBLIC_URL: server.origin,
      DYNAMIC_REGISTRATION: 'open',
    }
  })
  afterAll(async () => {
    await place?.leave()
    await server?.close()
  })

  const typed = (...words: string[]) => slotwise(words, settings)

  it('register a client, list it, and revoke it', async () => {
    const added = await typed(
      'client',
      'add',
      '--name',
      'App',
      '--scope',
      'launch/patient patient/*.rs',
      '--redirect',
      'https://a.example/b',
      '--secret',
    )
    const [, id, secret] = /^client_id (\S+)\nclient_secret (\S+)\n$/.exec(added.out) ?? []
    expect([added.code, added.err, secret?.length]).toEqual([0, '', 43])
    expect((await typed('client', 'list')).out).toBe(`${id}\tApp\tclient_secret_basic\tlaunch/patient patient/*.rs\n`)
    expect((await typed('client', 'revoke', String(id))).out).toBe(`Client ${id} is revoked.\n`)
    expect(await typed('client', 'revoke', String(id))).toMatchObject({ code: 1, out: `There is no client "${id}".\n` })
    expect((await typed('client', 'list')).out).toBe('No client is registered.\n')
  })

  it('invite somebody to register a program, and let in one that came unasked', async () => {
    const held = (await typed('client', 'invite', '--scope', 'patient/Slot.rs', '--ttl', '1h')).out.trim()
    const register = async (client_name: string, headers: object = {}) => {
      const body = JSON.stringify({
        client_name,
        redirect_uris: ['https://diary.example/'],
        token_endpoint_auth_method: 'none',
        scope: 'patient/*.r',
      })
      const json = { 'content-type': 'application/json', ...headers }
      return (await fetch(`${server.origin}/auth/register`, { method: 'POST', headers: json, body })).json() as Promise<{
        client_id: string
      }>
    }
    const { client_id: invited } = await register('Invited', { authorization: `Bearer ${held}` })
    const { client_id: unasked } = await register('Diary')
    expect((await typed('client', 'list')).out).toBe(
      `${invited}\tInvited\tnone\tpatient/Slot.r\tinvited\n${unasked}\tDiary\tnone\tpatient/*.r\tunasked, waits\n`,
    )
    expect((await typed('client', 'list', '--waiting')).out).toBe(
      `${unasked}\tDiary\tnone\tpatient/*.r\tunasked, waits\thttps://diary.example/\t\t\n`,
    )
    expect((await typed('client', 'approve', unasked, '--scope', 'patient/Slot.r')).out).toContain(
      `Client ${unasked} is approved: ${unasked}\tDiary\tnone\tpatient/Slot.r\tunasked\thttps://diary.example/`,
    )
    expect(await typed('client', 'approve', unasked)).toMatchObject({ code: 1, out: `No client "${unasked}" waits for approval.\n` })
    expect(await slotwise(['client', 'invite', '--scope', 'patient/*.r'], { ...settings, DYNAMIC_REGISTRATION: 'off' })).toMatchObject({
      code: 2,
    })
    const { json } = await server.call('GET', 'AuditEvent?subtype=client-change&outcome=0&_count=50')
    const said = (json.entry ?? []).map(({ resource }) => (resource as unknown as { outcomeDesc: string }).outcomeDesc)
    const own = said.filter((one) => / by .+ on .+\.$/.test(one)).map((one) => one.replace(/, by .*/, ''))
    expect(own.slice(0, 2)).toEqual([
      `The program ${unasked} was approved for patient/Slot.r`,
      'Somebody was invited to register a program for patient/Slot.rs',
    ])
    for (const id of [invited, unasked]) expect((await typed('client', 'revoke', id)).code).toBe(0)
  })

  it('take a key set from a file, and say what is wrong with one', async () => {
    const file = join(settings.DATA_DIR ?? '', '..', 'keys.json')
    const { publicJwk } = await signer('ES384')
    const add = () => typed('client', 'add', '--id', 'reports', '--name', 'Reports', '--scope', 'system/*.rs', '--jwks', file)
    await writeFile(file, JSON.stringify({ keys: [{ ...publicJwk, d: 'secret' }] }))
    expect(await add()).toMatchObject({ code: 1, err: expect.stringContaining('holds a private key') })
    await writeFile(file, JSON.stringify({ keys: [publicJwk] }))
    expect(await add()).toMatchObject({ code: 0, out: expect.stringMatching(/^client_id reports\n/) })
    expect(await typed('client', 'add', '--name', 'x')).toMatchObject({ code: 2 })
  })

  it('make an account with a password that works, and take it back', async () => {
    const added = await typed(
      'account',
      'add',
      '--login',
      'Ana@Example.com',
      '--name',
      'Ana',
      '--role',
      'patient',
      '--person',
      'Patient/p1',
    )
    const [, password = ''] = /^Ana@Example.com signs in with the password (\S+)\n$/.exec(added.out) ?? []
    expect(password).toMatch(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/)
    expect((await signedIn(server.house, 'ana@example.com', password))?.name).toBe('Ana')
    expect((await typed('account', 'list')).out).toBe('ana@example.com\tAna\tpatient\tPatient/p1\n')
    const file = join(settings.DATA_DIR ?? '', '..', 'password')
    await writeFile(file, 'another long password\n')
    expect((await typed('account', 'password', 'ana@example.com', '--password-file', file)).out).toBe(
      'ana@example.com has a new password.\n',
    )
    expect(await signedIn(server.house, 'ana@example.com', password)).toBeUndefined()
    expect(await signedIn(server.house, 'ana@example.com', 'another long password')).toBeDefined()
    expect((await typed('account', 'disable', 'ana@example.com')).out).toBe('ana@example.com is disabled.\n')
    expect(await signedIn(server.house, 'ana@example.com', 'another long password')).toBeUndefined()
  })

  it('print a link by which somebody chooses a new password', async () => {
    await addAccount(server.house, {
      login: 'lost',
      name: 'Lost',
      roles: ['patient'],
      person: 'Patient/p1',
      actsFor: [],
      password: 'correct horse battery',
    })
    const { code, out } = await typed('account', 'recover', 'Lost')
    const [link = '', words] = out.split('\n')
    expect([code, link.startsWith(`${server.origin}/auth/recover/`), words]).toEqual([
      0,
      true,
      'Good once, for 60 minutes, for whoever has it.',
    ])
    const [fresh, headers] = ['a much longer password', { origin: server.origin }]
    const answer = await fetch(link, { method: 'POST', headers, body: new URLSearchParams({ new: fresh, again: fresh }) })
    expect([answer.status, (await signedIn(server.house, 'lost', fresh))?.name]).toEqual([200, 'Lost'])
    expect(await typed('account', 'recover', 'nobody')).toMatchObject({
      code: 1,
      out: 'There is no account "nobody", or it is disabled.\n',
    })
  })

  it('leave an AuditEvent each, with whose account it is and who did it where', async () => {
    const patient = 'Patient/for-a-token'
    expect((await typed('token', '--scope', 'patient/Slot.rs', '--patient', 'for-a-token')).code).toBe(0)
    expect((await typed('signing', 'rotate')).code).toBe(0)
    expect((await typed('keys', 'rotate', '--no-new')).code).toBe(0)
    const { json } = await server.call('GET', 'AuditEvent?subtype=account-change,client-change,key-change,token&_count=200')
    const events = (json.entry ?? []).map(({ resource }) => resource as unknown as Event)
    const own = events.filter(({ agent }) => agent[0]?.who.identifier?.value === 'slotwise-cli')
    const said = own.map(({ outcomeDesc, entity }) => [outcomeDesc.replace(/, by .+ on .+\.$/, ''), entity?.[0]?.what.reference])
    expect(said).toEqual(
      expect.arrayContaining([
        ['The account ana@example.com was made, as patient', 'Patient/p1'],
        ['The account ana@example.com was given a new password', 'Patient/p1'],
        ['The account ana@example.com was disabled', 'Patient/p1'],
        ['A link to choose a new password for lost was printed', 'Patient/p1'],
        [expect.stringMatching(/^The program \S+ was registered for launch\/patient patient\/\*\.rs$/), undefined],
        ['The program reports was registered for system/*.rs', undefined],
        [expect.stringMatching(/^The program \S+ was revoked$/), undefined],
        ['A token for patient/Slot.rs, good for 3600 s, was printed', patient],
        [expect.stringMatching(/^\d+ secrets sealed anew by the key \S+$/), undefined],
        [expect.stringMatching(/^New keys sign tokens: \S+, \S+$/), undefined],
      ]),
    )
    const theirs = await server.as(await server.token('patient/*.rs', { patient: 'p1' }))('GET', 'AuditEvent?subtype=account-change')
    expect(theirs.json.entry?.filter(({ resource }) => JSON.stringify(resource).includes('slotwise-cli'))).toHaveLength(4)
    expect((await server.call('GET', `AuditEvent?entity=${patient}&entity-type=4`)).json.entry).toHaveLength(1)
  })
})

type Event = {
  readonly outcomeDesc: string
  readonly agent: readonly { readonly who: { readonly identifier?: { readonly value: string } } }[]
  readonly entity?: readonly { readonly what: { readonly reference: string } }[]
}
