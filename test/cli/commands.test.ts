import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { commands } from '../../src/cli/commands.ts'
import { secondsOf } from '../../src/cli/length-of-time.ts'
import { type Settings, slotwise, workplace } from '../support/program.ts'

describe('slotwise, as it is typed', () => {
  it('lists every command in its help', async () => {
    const { code, out } = await slotwise(['--help'])
    expect(code).toBe(0)
    for (const { name, does } of commands) expect(out).toMatch(new RegExp(`^ {2}${name} +${does.replaceAll(/[()]/g, '\\$&')}$`, 'm'))
  })

  it('has a help for each command, which needs no setting', async () => {
    const helps = await Promise.all(commands.map(({ name }) => slotwise([...name.split(' '), '--help'], { PORT: 'nonsense' })))
    expect(helps.map(({ code, out }) => [code, out.split('\n')[0]?.replace(/ (\[?--|[A-Z]).*/, '')])).toEqual(
      commands.map(({ name }) => [0, `Usage: slotwise ${name}`]),
    )
  })

  it.each([
    [[], 'Usage: slotwise COMMAND'],
    [['dance'], 'There is no command "dance".'],
    [['slots'], 'There is no command "slots".'],
    [['migrate', '--sideways'], "'--sideways'"],
    [['token'], '--scope is needed.'],
    [['token', '--scope', 'patient/*.r', '--scope', 'user/*.r'], 'Say --scope once.'],
    [['token', '--scope', 'openid system/Slot.sr'], '"system/Slot.sr" is no scope.'],
    [['token', '--scope', 'launch patient/Slot.rs'], '--patient must say which Patient'],
    [['token', '--scope', 'user/*.rs', '--user', '12'], '--user must be a reference'],
  ])('answers %j with the usage and exit code 2', async (words, sentence) => {
    const { code, out, err } = await slotwise(words)
    expect(code).toBe(2)
    expect(`${out}${err}`).toContain(sentence)
    expect(`${out}${err}`).toContain('Usage: slotwise')
  })

  it('stops at a malformed setting with a sentence that names it, and exit code 1', async () => {
    const { code, err } = await slotwise(['doctor'], { WORKERS: 'many' })
    expect(code).toBe(1)
    expect(err).toContain('WORKERS must be a whole number')
  })
})

describe('the length of a token', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['30d', 2_592_000],
  ])('%s is %i seconds', (text, seconds) => {
    expect(secondsOf(text)).toBe(seconds)
  })

  it.each(['', '1', 'h', '1.5h', '-1h', '0s', '366d', '1 h', '1w'])('%j is refused', (text) => {
    expect(() => secondsOf(text)).toThrow('--ttl')
  })
})

describe('a command without a server', () => {
  let settings: Settings
  let leave: () => Promise<void>
  beforeAll(async () => {
    ;({ settings, leave } = await workplace())
  })
  afterAll(() => leave())

  it('starts the database for as long as it needs it', async () => {
    const first = await slotwise(['migrate'], settings)
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toContain('ran 0001-')
    expect((await slotwise(['migrate'], settings)).out).toBe('The database is up to date.\n')
    await expect(readFile(join(settings.DATA_DIR ?? '', 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT')
  })

  it('prints a token and nothing else', async () => {
    const words = ['token', '--scope', 'patient/*.rs launch', '--patient', 'p1', '--user', 'Practitioner/12', '--ttl', '15m']
    const { code, out, err } = await slotwise(words, settings)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const { iss, scope, patient, fhirUser, iat = 0, exp = 0 } = decodeJwt(out.trim())
    expect({ iss, scope, patient, fhirUser, seconds: exp - iat }).toEqual({
      iss: `http://127.0.0.1:${settings.PORT}/fhir`,
      scope: 'patient/*.rs launch',
      patient: 'p1',
      fhirUser: 'Practitioner/12',
      seconds: 900,
    })
  })

  it('finds nothing in the way of a start', async () => {
    const { code, out } = await slotwise(['doctor'], settings)
    expect(code).toBe(0)
    expect(
      out
        .trimEnd()
        .split('\n')
        .every((line) => line.startsWith('ok ')),
    ).toBe(true)
  })

  it('rotates the key of its secrets, and tokens of before are good', async () => {
    const file = join(settings.DATA_DIR ?? '', 'secrets.key')
    const before = await slotwise(['token', '--scope', 'system/*.rs'], settings)
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(1)
    const { code, out, err } = await slotwise(['keys', 'rotate'], settings)
    expect({ code, err, out }).toEqual({
      code: 0,
      err: '',
      out: expect.stringMatching(/^1 secret sealed anew by the key \S+; 0 keys retired/),
    })
    expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(2)
    expect((await slotwise(['keys', 'rotate', '--no-new', '--retire'], settings)).out).toMatch(/^0 secrets .*; 1 key retired/)
    const after = await slotwise(['token', '--scope', 'system/*.rs'], settings)
    expect(decodeProtectedHeader(after.out.trim()).kid).toBe(decodeProtectedHeader(before.out.trim()).kid)
    expect((await slotwise(['doctor'], settings)).out).toMatch(/^ok {7}secrets +sealed by /m)
  })

  it('lists jobs where none were ever put in, and has nothing to try again', async () => {
    expect(await slotwise(['jobs', 'list', '--state', 'dead'], settings)).toMatchObject({ code: 0, out: 'There are no such jobs.\n' })
    expect(await slotwise(['jobs', 'replay'], settings)).toMatchObject({ code: 0, out: 'Nothing to try again.\n' })
    expect(await slotwise(['jobs', 'replay', '--id', '7'], settings)).toMatchObject({ code: 1 })
    expect((await slotwise(['jobs', 'list', '--state', 'odd'], settings)).code).toBe(2)
  })

  it('looks at what is stored and makes its search columns anew', async () => {
    expect(await slotwise(['reindex', '--type', 'Patient,Slot'], settings)).toMatchObject({
      code: 0,
      out: '0 resources looked at, 0 of them made findable anew; 0 Schedules planned anew.\n',
    })
    expect(await slotwise(['reindex', '--status'], settings)).toMatchObject({
      code: 0,
      out: 'No SearchParameter of your own, and no reindex that was cut short.\n',
    })
    const { code, err } = await slotwise(['reindex', '--type', 'Patient,Moon'], settings)
    expect([code, err]).toEqual([2, expect.stringContaining('Moon is no type that is stored here.')])
  })

  it('says what is in the way when the database cannot be reached', async () => {
    const { code, out } = await slotwise(['doctor'], { ...settings, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
    expect(code).toBe(1)
    expect(out).toMatch(/^problem {2}database/m)
  })
})
