/**
 * API5:2023 Broken Function Level Authorization https://owasp.org/API-Security/editions/2023/en/0xa5-broken-function-level-authorization/
 *
 * Functions above one's station: every address of the table of routes, asked by those whose token does not reach it.
 */
import { routes } from '../../src/http/routes.ts'
import { caller, type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let patient: string
beforeAll(async () => {
  house = await testHouse()
  patient = (await house.call('PUT', 'Patient/me', { resourceType: 'Patient', id: 'me' })).json.id
  for (const type of ['Organization', 'Communication'])
    await house.call('PUT', `${type}/kept`, {
      resourceType: type,
      id: 'kept',
      ...(type === 'Communication' ? { status: 'completed' } : { name: 'kept' }),
    })
})
afterAll(() => house?.close())

const fill = (path: string): string =>
  path
    .slice(1)
    .replace(/^:type/, 'Organization')
    .replace(':id', 'kept')
    .replace(':type', 'Appointment')
    .replace(':vid', '1')
const bodyFor = (method: string, path: string): object | undefined => {
  if (!['POST', 'PUT', 'PATCH'].includes(method) || path.endsWith('_search')) return undefined
  if (path === '/') return { resourceType: 'Bundle', type: 'batch' }
  return path.includes('$') ? { resourceType: 'Parameters' } : { resourceType: 'Organization', id: 'kept', name: 'x' }
}

const send = (token: string, method: string, path: string) => {
  const body = method === 'PATCH' ? [{ op: 'add', path: '/name', value: 'x' }] : bodyFor(method, path)
  const type =
    method === 'PATCH'
      ? 'application/json-patch+json'
      : path.endsWith('_search')
        ? 'application/x-www-form-urlencoded'
        : 'application/fhir+json'
  return caller(house.house.base, token)(method, fill(path) + (path === '/:type' && method !== 'POST' ? '?name=x' : ''), body, {
    'content-type': type,
  })
}

it.each(routes)('without a token %s %s is 401', async (method, path) => {
  const answer = await send('', method, path)
  expect(answer.status).toBe(401)
})

const writing = routes.filter(([, , verb]) => verb === 'c' || verb === 'u' || verb === 'd')

it.each(writing)('a token that may read everything may not %s %s', async (method, path) => {
  expect((await send(await house.token('system/*.rs'), method, path)).status).toBe(403)
})

it.each(writing)('a patient may not %s %s in the clinic’s directory', async (method, path) => {
  expect((await send(await house.token('patient/*.cruds', { patient }), method, path)).status).toBe(403)
})

it('and the directory is as it was', async () => {
  const { json } = await house.call('GET', 'Organization/kept')
  expect([json.meta.versionId, (await house.call('GET', 'Organization?_summary=count')).json.total]).toEqual(['1', 1])
})

const operators: [method: string, path: string, body: object | undefined][] = [
  ['POST', '$export', undefined],
  ['GET', '$export', undefined],
  ['POST', '$import', undefined],
  ['POST', 'Patient/$merge', { resourceType: 'Parameters' }],
  ['POST', 'Patient/$undo-merge', { resourceType: 'Parameters' }],
  ['POST', 'Patient/$match', { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: { resourceType: 'Patient' } }] }],
  ['POST', 'SearchParameter', { resourceType: 'SearchParameter' }],
  ['POST', 'StructureDefinition', { resourceType: 'StructureDefinition' }],
  ['PUT', 'StructureDefinition/availability', { resourceType: 'StructureDefinition', id: 'availability' }],
  ['POST', 'AuditEvent', { resourceType: 'AuditEvent' }],
  ['DELETE', 'AuditEvent/1', undefined],
  ['GET', 'Subscription/$status', undefined],
]

it.each(operators)('a patient is refused %s %s', async (method, path, body) => {
  const ask = house.as(await house.token('patient/*.cruds', { patient }))
  const { status } = await ask(
    method,
    path,
    body,
    path === '$import' ? { 'content-type': 'application/fhir+ndjson' } : { prefer: 'respond-async' },
  )
  expect([403, 405]).toContain(status)
})
