/**
 * API7:2023 Server Side Request Forgery https://owasp.org/API-Security/editions/2023/en/0xa7-server-side-request-forgery/
 *
 * Every address that a client can make the server think of. How a name's addresses are judged at the moment of connecting
 * (DNS rebinding) is in `test/jobs/call-out.test.ts`; that sockets are opened nowhere else, in `test/structure.test.ts`.
 */
import { fetchOut } from '../../src/jobs/fetch-out.ts'
import { byCriteria } from '../subscriptions/subscribing.ts'
import { type TestHouse, testHouse } from '../support/house.ts'
import { answers, type Receiver, receiver } from '../support/receiver.ts'

let house: TestHouse
let inside: Receiver
beforeAll(async () => {
  inside = await receiver()
  house = await testHouse()
})
afterEach(() => expect(inside.received).toEqual([]))
afterAll(async () => {
  await house?.close()
  await inside?.close()
})

it.each([
  'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00:ec2::254]/latest/meta-data/',
  'https://[::ffff:169.254.169.254]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://100.100.100.200/latest/meta-data/',
  'https://10.0.0.1/',
  'https://192.168.0.1/',
  'https://0.0.0.0/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://169.254.43518/',
  'https://[::]/',
  'http://metadata.google.internal/computeMetadata/v1/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'https://user:password@example.org/',
])('a Subscription that names %s is refused, and says which element', async (endpoint) => {
  const answer = await house.call('POST', 'Subscription', byCriteria('Appointment?status=booked', { endpoint }))
  expect(answer.status).toBe(422)
  expect(answer.json.issue[0]).toMatchObject({ code: 'business-rule', expression: ['Subscription.channel.endpoint'] })
  expect(answer.text).not.toContain('password')
})

it('what stands in a resource is never fetched: references, profiles, attachments, schemas', async () => {
  const { url } = inside
  const resources = [
    { resourceType: 'Patient', generalPractitioner: [{ reference: `${url}/Practitioner/1` }], photo: [{ contentType: 'image/png', url }] },
    { resourceType: 'Patient', meta: { profile: [`${url}/StructureDefinition/x`] } },
    { resourceType: 'Patient', extension: [{ url, valueUri: url }], contained: [] },
    { resourceType: 'Endpoint', status: 'active', connectionType: { code: 'hl7-fhir-rest' }, payloadType: [{ text: 'any' }], address: url },
  ]
  for (const resource of resources) {
    expect((await house.call('POST', resource.resourceType, resource)).status).toBeLessThan(500)
    const proposal = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'resource', resource },
        { name: 'profile', valueUri: `${url}/x` },
      ],
    }
    expect((await house.call('POST', `${resource.resourceType}/$validate`, proposal)).status).toBeLessThan(500)
  }
  for (const path of [
    `Patient?general-practitioner=${url}/Practitioner/1`,
    `Patient?gender:in=${url}/ValueSet/x`,
    `Patient?_profile=${url}`,
  ])
    expect((await house.call('GET', path)).status).toBeLessThan(500)
})

it('XML that names an address or a file is refused, and neither is read', async () => {
  const token = await house.token('system/*.cruds')
  for (const entity of [inside.url, 'file:///etc/passwd']) {
    const body = `<?xml version="1.0"?><!DOCTYPE Patient [<!ENTITY x SYSTEM "${entity}">]><Patient xmlns="http://hl7.org/fhir"><language value="&x;"/></Patient>`
    const answer = await fetch(`${house.house.base}/Patient`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+xml' },
      body,
    })
    expect([answer.status, (await answer.text()).includes('root:')]).toEqual([400, false])
  }
})

it('a Host header, or what a proxy would say, changes no address that the server gives out', async () => {
  const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', forwarded: 'host=evil.example' }
  const made = await house.call('POST', 'Patient', { resourceType: 'Patient' }, headers)
  expect(made.headers.get('location')).toMatch(new RegExp(`^${house.house.base}/Patient/`))
  for (const path of ['Patient?_count=1', 'metadata', '.well-known/smart-configuration'])
    expect((await house.call('GET', path, undefined, headers)).text).not.toContain('evil.example')
})

it('what is read at an address that was named does not lead to another', async () => {
  const named = await receiver()
  named.behave(answers(302, { location: inside.url }))
  expect(await fetchOut([named.host], named.url, 1_000)).toMatchObject({ status: 302, body: '' })
  await named.close()
})
