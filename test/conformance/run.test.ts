/** `npm run conformance` as it is typed: what it prints and writes, and how it exits. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestHouse, testHouse } from '../support/house.ts'
import { registered } from './registered.ts'

let house: TestHouse
let folder: string
beforeAll(async () => {
  house = await testHouse()
  folder = await mkdtemp(join(tmpdir(), 'slotwise-conformance-'))
})
afterAll(async () => {
  await house?.close()
  await rm(folder, { recursive: true })
})

const program = join(import.meta.dirname, '../../conformance/run.ts')

const typed = (...given: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [program, ...given], (error, out) => resolve({ code: error ? Number(error.code) : 0, out }))
  })

it('prints a table and writes both reports; 0 where nothing fails', async () => {
  const [report, junit] = [join(folder, 'report.json'), join(folder, 'junit.xml')]
  const token = await house.token('system/*.cruds')
  const reports = ['--report', report, '--junit', junit]
  const { code, out } = await typed('--base', `${house.house.base}/`, '--token', token, '--track', 'rest', '--only', 'create', ...reports)
  expect([code, out.split('\n')[0]]).toEqual([0, 'rest: 3 passed, 0 failed, 0 skipped'])
  expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({ resourceType: 'TestReport', result: 'pass', score: 100 })
  expect(await readFile(junit, 'utf8')).toContain('<testsuite name="rest"')
})

it('1 where a check fails, where nothing was checked, and where nobody answers', async () => {
  expect((await typed('--base', house.house.base, '--token', 'none', '--only', 'create.created')).code).toBe(1)
  expect((await typed('--base', house.house.base, '--only', 'no-such-check')).code).toBe(1)
  expect((await typed('--base', 'http://127.0.0.1:9/fhir', '--only', 'capabilities')).code).toBe(1)
})

it('reads who signs in from a file, and says what is wrong with it', async () => {
  const file = join(folder, 'smart.json')
  const run = (...more: string[]) =>
    typed('--base', house.house.base, '--only', 'signature-verification', '--only', 'rfc6749', '--smart', ...more)
  await writeFile(file, JSON.stringify({ programs: [] }))
  expect(await run(file)).toMatchObject({
    code: 2,
    out: expect.stringMatching(/^--smart .*: programs is not one of apps, sign_in, ehr, program\n/),
  })
  expect((await run(join(folder, 'none.json'))).code).toBe(2)
  await writeFile(file, JSON.stringify({ program: (await registered(house)).program }))
  const { code, out } = await run(file)
  expect([code, out.split('\n')[0]]).toEqual([0, 'smart: 2 passed, 0 failed, 2 skipped'])
  expect(out).toContain('nobody who signs in was given (--smart, sign_in)')
})

it.each([[[]], [['--base', 'http://x', '--track', 'none']], [['--base', 'http://x', '--colour']]])(
  '2 and how it is used for %j',
  async (given) => {
    const { code, out } = await typed(...given)
    expect([code, out.split('\n')[0]]).toEqual([2, 'Usage: npm run conformance -- --base URL [options]'])
  },
)
