/**
 * API9:2023 Improper Inventory Management https://owasp.org/API-Security/editions/2023/en/0xa9-improper-inventory-management/
 *
 * What is served is what is told of: each operation in the CapabilityStatement and in the pages, each other address in the
 * pages; and nothing stands where forgotten things use to stand.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { named, routes } from '../../src/http/routes.ts'
import { profiles, streetHouse, wholeApp } from '../http/door.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house?.close())

const folder = join(import.meta.dirname, '../../docs')
const pages = await Promise.all(
  (await readdir(folder)).filter((file) => file.endsWith('.md')).map((file) => readFile(join(folder, file), 'utf8')),
)
const told = [...pages, await readFile(join(folder, '../README.md'), 'utf8')].join('\n')

const operations = [...new Set(routes.map(([, path]) => named(path).operation).filter((name) => name !== undefined))]

it.each(operations)('$%s is in the CapabilityStatement and in the pages', async (name) => {
  const { text } = await house.call('GET', 'metadata')
  // How an export or an import stands is asked at addresses that their answers give.
  expect([name, text.includes(`"name":"${name}"`) || aliases.has(name)]).toEqual([name, true])
  expect([name, told.includes(`$${name}`)]).toEqual([name, true])
})

/** Other names of operations that are told of under their own. */
const aliases: ReadonlySet<string> = new Set(['confirm'])

it('the CapabilityStatement tells of no operation that is not there', async () => {
  const { json } = await house.call('GET', 'metadata')
  const { rest } = json as unknown as { rest: { operation?: { name: string }[]; resource: { operation?: { name: string }[] }[] }[] }
  const said = rest.flatMap(({ operation = [], resource }) => [...operation, ...resource.flatMap(({ operation: own = [] }) => own)])
  expect(said.length).toBeGreaterThan(20)
  expect(said.map(({ name }) => name).filter((name) => !operations.includes(name))).toEqual([])
})

it('every other address that the server listens at is in the pages', async () => {
  const app = wholeApp(streetHouse(), 'smart')
  await app.ready()
  const lines = app.printRoutes({ commonPrefix: false }).split('\n')
  await app.close()
  const stack: string[] = []
  const paths = lines.flatMap((line) => {
    const [, indent = '', part = ''] = /^([│├└─ ]*)(\S*) \(/.exec(line) ?? []
    if (part === '') return []
    const depth = indent.length / 4
    stack.length = depth
    stack[depth] = part
    return [stack.slice(1, depth + 1).join('')]
  })
  const others = [...new Set(paths)].filter((path) => !path.startsWith('/fhir') && path !== '/' && path !== '*' && path !== '')
  expect(others.length).toBeGreaterThan(5)
  const untold = others.filter((path) => !told.includes((path.split(/[:*(]/, 1)[0] ?? '').replace(/\/$/, '')))
  expect(untold).toEqual([])
})

it.each([
  '/admin',
  '/debug',
  '/debug/pprof',
  '/test',
  '/graphql',
  '/fhir/$graphql',
  '/swagger',
  '/openapi.json',
  '/v1/fhir/Patient',
  '/fhir/v1/Patient',
  '/R4/Patient',
  '/fhir-old/Patient',
  '/baseR4/Patient',
  '/actuator/health',
  '/.env',
  '/.git/config',
  '/package.json',
  '/src/config.ts',
  '/data/secrets.key',
  '/server-status',
  '/console',
  '/fhir/$reindex',
  '/fhir/$expunge',
  '/fhir/$meta',
  '/fhir/$process-message',
])('nothing stands at %s', async (path) => {
  const answer = await fetch(house.origin + path, { headers: { authorization: `Bearer ${await house.token('system/*.cruds')}` } })
  expect(answer.status).toBe(404)
})

it('every profile, operation and search parameter of ours can be read where it says it is', async () => {
  for (const { resourceType, id } of profiles) expect([id, (await house.call('GET', `${resourceType}/${id}`)).status]).toEqual([id, 200])
})
