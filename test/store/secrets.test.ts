/** The file of keys, and every secret of a database sealed anew under them. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mintToken } from '../../src/auth/token.ts'
import { newSecretKey } from '../../src/base/sealed.ts'
import { keysRotate } from '../../src/cli/keys-rotate.ts'
import { addSecretKey, ensureSecretKeys, keySource, openSecrets, retireSecretKeys, secretKeysIn } from '../../src/store/secret-keys.ts'
import { sealAllAnew, secretColumns, secretsByKey, takeUnderKey } from '../../src/store/secrets.ts'
import { signingKeys } from '../../src/store/signing-keys.ts'
import { inTransaction } from '../../src/store/transaction.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slotwise-secrets-'))
  file = join(folder, 'deep', 'secrets.key')
})
afterEach(() => rm(folder, { recursive: true }))

describe('a command for the keys', () => {
  const [first, second] = [newSecretKey(), newSecretKey()]

  it('prints them as a file would hold them, and is asked once', async () => {
    const command = `echo asked >> ${join(folder, 'asked')}; echo '# ours'; echo ${first}; echo; echo ${second}`
    expect(secretKeysIn({ command }).map(({ bytes }) => bytes.toString('base64url'))).toEqual([first, second])
    const secrets = openSecrets({ command })
    expect(secrets.open(secrets.seal('opensesame', 'client/a'), 'client/a')).toBe('opensesame')
    expect((await readFile(join(folder, 'asked'), 'utf8')).split('\n')).toHaveLength(3)
    const older = openSecrets({ command: `echo ${second}` }).seal('opensesame', 'client/a')
    expect(secrets.open(older, 'client/a')).toBe('opensesame')
  })

  it('stops the start where it fails or prints no keys, and nothing of what it printed is said', () => {
    expect(() => openSecrets({ command: `echo ${first}; exit 3` })).toThrow('SECRETS_KEY_COMMAND failed (exit 3).')
    expect(() => openSecrets({ command: 'kill -9 $$' })).toThrow('SECRETS_KEY_COMMAND failed (SIGKILL).')
    expect(() => openSecrets({ command: 'true' })).toThrow('holds no key')
    const broken = () => openSecrets({ command: `echo ${first}; echo ${second}x` })
    expect(broken).toThrow('Key 2 in what SECRETS_KEY_COMMAND prints')
    expect(broken).not.toThrow(second)
  })

  it('is taken in place of the file, whose rotation is not for us where there is none', async () => {
    expect(keySource({ secretsKeyFile: 'a' })).toBe('a')
    expect(keySource({ secretsKeyCommand: 'print' })).toEqual({ command: 'print' })
    expect(keySource({})).toBeUndefined()
    const context = { config: { secretsKeyCommand: `echo ${first}` }, openHouse: async () => ({ close: async () => {} }) }
    for (const values of [{}, { 'no-new': true, retire: true }])
      await expect(keysRotate.run(context as never, values, [])).rejects.toThrow('put a new one in front there')
  })
})

describe('the file of keys', () => {
  it('is made once, for its owner alone, and leaves no draft behind', async () => {
    for (const draft of ['a', 'b']) ensureSecretKeys(file, draft)
    const [key, ...others] = secretKeysIn(file)
    expect([key?.bytes.length, others]).toEqual([32, []])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'deep'))).toEqual(['secrets.key'])
  })

  it('takes a new key in front, which a running server sees, and opens what the old one sealed', async () => {
    ensureSecretKeys(file, 'a')
    const secrets = openSecrets(file)
    const before = secrets.seal('opensesame', 'client/a')
    addSecretKey(file, 'a')
    expect(secrets.open(before, 'client/a')).toBe('opensesame')
    const [first, second] = secretKeysIn(file)
    expect(before.split(':')[2]).toBe(second?.id)
    expect(secrets.seal('opensesame', 'client/a').split(':')[2]).toBe(first?.id)
  })

  it('retires keys that are not named, never the first', () => {
    ensureSecretKeys(file, 'a')
    for (let n = 0; n < 3; n++) addSecretKey(file, 'a')
    const [first, , third] = secretKeysIn(file).map(({ id }) => id)
    expect(retireSecretKeys(file, 'a', new Set([third ?? '']))).toBe(2)
    expect(secretKeysIn(file).map(({ id }) => id)).toEqual([first, third])
  })

  it('stops the start where it is not there, empty, or not of keys, and never quotes a line', async () => {
    expect(() => openSecrets(file)).toThrow('cannot be read (ENOENT)')
    ensureSecretKeys(file, 'a')
    await writeFile(file, '# nothing yet\n\n')
    expect(() => openSecrets(file)).toThrow('holds no key')
    const key = newSecretKey()
    await writeFile(file, `${newSecretKey()}\n${key}x\n`)
    expect(() => openSecrets(file)).toThrow('Key 2')
    expect(() => openSecrets(file)).not.toThrow(key)
  })
})

describe('the secrets of a database', () => {
  let house: TestHouse
  beforeEach(async () => {
    house = await testHouse()
  })
  afterEach(() => house?.close())

  const kept = async () =>
    (await house.house.pool.query<{ kept: string }>({ text: 'select private_jwk as kept from signing_key', values: [] })).map(
      ({ kept }) => kept,
    )

  it('stand nowhere in the clear', async () => {
    const [row] = await signingKeys(house.house.pool, house.house.secrets, 'ES256')
    expect(row?.jwk.d).toEqual(expect.any(String))
    expect((await kept()).join()).not.toContain(String(row?.jwk.d))
  })

  it('are sealed by a first key where none was sealed before, and an unsealed one that appears later is refused', async () => {
    const { pool } = house.house
    await pool.query({ text: 'delete from signing_key', values: [] })
    await mintToken({ ...house.house, secrets: openSecrets(undefined) }, { scope: 'system/*.rs', ttlSeconds: 60 })
    expect(JSON.parse((await kept())[0] ?? '')).toMatchObject({ kty: 'EC', d: expect.any(String) })
    ensureSecretKeys(file, 'a')
    const [key] = secretKeysIn(file)
    const [secrets, id] = [openSecrets(file), key?.id ?? '']
    for (let start = 0; start < 2; start++) await inTransaction(pool, (tx) => takeUnderKey(tx, secrets, id))
    expect(await secretsByKey(pool)).toEqual(new Map([[id, 1]]))
    expect(await signingKeys(pool, secrets, 'ES256')).toHaveLength(1)
    await pool.query({ text: `insert into signing_key (kid, private_jwk) values ('mine', '{"d":"stolen"}')`, values: [] })
    await inTransaction(pool, (tx) => takeUnderKey(tx, secrets, id))
    await expect(signingKeys(pool, secrets, 'ES256')).rejects.toThrow('signing_key/mine/private_jwk is not sealed')
  })

  it('are all sealed by the new key after a rotation, and mean the same', async () => {
    const { pool } = house.house
    await pool.query({ text: 'delete from signing_key', values: [] })
    ensureSecretKeys(file, 'a')
    const secrets = openSecrets(file)
    await mintToken({ ...house.house, secrets }, { scope: 'system/*.rs', ttlSeconds: 60 })
    const before = await signingKeys(pool, secrets, 'ES256')
    addSecretKey(file, 'a')
    const first = secretKeysIn(file)[0]?.id ?? ''
    expect(await inTransaction(pool, (tx) => sealAllAnew(tx, secrets, first))).toBe(1)
    expect(await inTransaction(pool, (tx) => sealAllAnew(tx, secrets, first))).toBe(0)
    expect(await secretsByKey(pool)).toEqual(new Map([[first, 1]]))
    await writeFile(file, (await readFile(file, 'utf8')).split('\n')[0] ?? '')
    expect(await signingKeys(pool, openSecrets(file), 'ES256')).toEqual(before)
  })

  it('are counted where a backup of an older version has been put back, which had not all the columns', async () => {
    const undone = new Error('undone')
    const counted = inTransaction(house.house.pool, async (tx) => {
      const before = await secretsByKey(tx)
      await tx.query({ text: 'alter table subscription_state drop column secrets', values: [] })
      await tx.query({ text: 'drop table account_totp', values: [] })
      expect(await secretsByKey(tx)).toEqual(before)
      throw undone
    })
    await expect(counted).rejects.toBe(undone)
  })

  it('stand in columns of text that are there', async () => {
    for (const { table, key, column } of secretColumns.filter(({ within }) => !within))
      expect(
        await house.house.pool.query({
          text: `select data_type from information_schema.columns where table_name = $1 and column_name = any($2) order by data_type`,
          values: [table, [column, key]],
        }),
      ).toEqual([{ data_type: 'text' }, { data_type: 'text' }])
  })
})
