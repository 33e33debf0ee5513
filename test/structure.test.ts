import { execFile } from 'node:child_process'
import { appendFile, cp, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const project = join(import.meta.dirname, '..')

type Outcome = { readonly code: number; readonly said: string }

const cruise = (folder: string): Promise<Outcome> =>
  run(
    process.execPath,
    [
      join(project, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      'src',
      'conformance',
    ],
    {
      cwd: folder,
      env: { ...process.env, NO_COLOR: '1' },
    },
  ).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stdout }) => ({ code, said: stdout }),
  )

describe('the arrows between rooms', () => {
  const planted: [why: string, file: string, line: string, rule: string][] = [
    ['a value against the table', 'src/base/clock.ts', "import { idPattern } from '../fhir/resource.ts'\nvoid idPattern", 'from-base'],
    [
      'a type against the table',
      'src/scheduling/planted.ts',
      "import type { Db } from '../store/db.ts'\nexport type Planted = Db",
      'from-scheduling',
    ],
    ['HTTP seeing SQL', 'src/http/planted.ts', "import { openPool } from '../store/pool.ts'\nvoid openPool", 'from-http'],
    ['neighbours on one level', 'src/operations/planted.ts', "import type {} from '../interactions/planted.ts'", 'from-operations'],
    [
      'a setting read in a room',
      'src/booking/planted.ts',
      "import { loadConfig } from '../config.ts'\nvoid loadConfig",
      'settings-are-passed-in',
    ],
    ['a file read in a pure room', 'src/fhir/planted.ts', "import { readFileSync } from 'node:fs'\nvoid readFileSync", 'pure-rooms'],
    ['the driver outside the store', 'src/jobs/planted.ts', "import pg from 'pg'\nvoid pg", 'sql-lives-in-store'],
    ['a circle', 'src/base/clock.ts', "import { systemIds } from './ids.ts'\nvoid systemIds", 'no-circle'],
    ['a circle of types in the suite', 'conformance/capabilities.ts', "import type {} from './needs.ts'", 'no-circle'],
    [
      'the suite seeing the server',
      'conformance/planted.ts',
      "import type {} from '../src/fhir/resource.ts'",
      'conformance-sees-nothing-of-ours',
    ],
  ]

  let copy: string
  let stands: Outcome
  /** With all of `planted` at once: one look takes seconds. */
  let found: Outcome
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'slotwise-structure-'))
    for (const part of ['src', 'conformance', 'package.json', '.dependency-cruiser.cjs'])
      await cp(join(project, part), join(copy, part), { recursive: true })
    await symlink(join(project, 'node_modules'), join(copy, 'node_modules'))
    stands = await cruise(copy)
    const partners = [
      ['src/interactions/planted.ts', 'export {}'],
      ['src/base/ids.ts', "import type {} from './clock.ts'"],
    ] as const
    for (const [file, line] of [...partners, ...planted.map(([, file, line]) => [file, line] as const)])
      await appendFile(join(copy, file), `\n${line}\n`)
    found = await cruise(copy)
  })
  afterAll(() => rm(copy, { recursive: true }))

  it('all point down in the project as it stands', () => {
    expect(stands.said).toMatch(/no dependency violations found \(\d{2,} modules, \d{2,} dependencies/)
    expect(stands.code).toBe(0)
  })

  it.each(planted)('are refused: %s', (_why, file, _line, rule) => {
    expect(found.said).toContain(`error ${rule}: ${file}`)
    expect(found.code).toBeGreaterThan(0)
  })
})

/** What is loaded by whoever builds the house, as the packages' names and Node's own modules. */
async function loadedAtStart(): Promise<string[]> {
  const tell = `import { registerHooks } from 'node:module'
    const packages = new Set()
    registerHooks({ load: (url, context, next) => {
      packages.add(url.split('/node_modules/').at(-1).split('/')[0])
      return next(url, context)
    } })
    await import(process.argv[1])
    console.log(JSON.stringify([...packages, ...process.moduleLoadList]))`
  const house = join(project, 'src/house.ts')
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', tell, house], { maxBuffer: 16 * 1024 * 1024 })
  return JSON.parse(stdout) as string[]
}

describe('a start', () => {
  it('loads nothing large that most servers never need', async () => {
    const loaded = await loadedAtStart()
    expect(loaded).toEqual(expect.arrayContaining(['fastify', 'pg']))
    const large = ['fhirpath', 'oidc-provider', 'graphile-worker', '@xmldom', '@simplewebauthn', 'nodemailer', 'openid-client']
    expect(loaded.filter((name) => large.includes(name) || name.includes('undici'))).toEqual([])
  })
})

describe('properties', () => {
  it('are tried as often as they say, and with the same examples each time: one that time cuts short has not held', async () => {
    const files = (await readdir(join(project, 'test'), { recursive: true })).filter(
      (name) => name.endsWith('.ts') && name !== 'structure.test.ts' && name !== join('support', 'chance.ts'),
    )
    const cutShort: string[] = []
    const byChance: string[] = []
    for (const name of files) {
      const text = await readFile(join(project, 'test', name), 'utf8')
      if (/from 'fast-check'|Math\.random/.test(text)) byChance.push(name)
      const limits = text.match(/\b(interruptAfterTimeLimit|skipAllAfterTimeLimit)\b/g) ?? []
      if (limits.length > (text.match(/\bmarkInterruptAsFailure: true\b/g) ?? []).length) cutShort.push(name)
    }
    expect(cutShort).toEqual([])
    // Only test/support/chance.ts knows fast-check without a seed.
    expect(byChance).toEqual([])
    expect(files.length).toBeGreaterThan(200)
  })
})
