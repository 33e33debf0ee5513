/** What is refused when a Subscription is written, with the element that is wrong and without what stands there. */
import { type TestHouse, testHouse } from '../support/house.ts'
import { byCriteria, byTopic } from './subscribing.ts'

let house: TestHouse
beforeAll(async () => {
  house = await testHouse()
})
afterAll(() => house.close())

const endpoint = 'https://example.org/hook'
const json = 'application/fhir+json'
const channel = { endpoint, payload: json }

it.each([
  ['an unknown topic', byTopic({ endpoint, topic: 'nothing' }), 'criteria'],
  ['a topic of somebody else', { ...byTopic({ endpoint }), criteria: 'http://example.org/topic' }, 'criteria'],
  ['a filter that is no parameter', byTopic({ endpoint, filters: ['Appointment?colour=red'] }), 'criteria.extension'],
  ['a filter of another type', byTopic({ endpoint, filters: ['Patient?family=x'] }), 'criteria.extension'],
  ['criteria that are no parameter', byCriteria('Patient?colour=red', channel), 'criteria'],
  ['an unknown content', byTopic({ endpoint, content: 'everything' }), 'channel.payload.extension'],
  ['no payload with a topic', { ...byTopic({ endpoint }), channel: { type: 'rest-hook', endpoint } }, 'channel.payload'],
  ['Turtle', byCriteria('Patient?', { endpoint, payload: 'text/turtle' }), 'channel.payload'],
  ['another channel', byCriteria('Patient?', { type: 'websocket' }), 'channel.type'],
  ['e-mail', byCriteria('Patient?', { type: 'email', endpoint: 'mailto:x@example.org' }), 'channel.type'],
  ['a weak secret', byTopic({ endpoint, secret: 'short' }), 'channel.extension'],
  ['no endpoint', byCriteria('Patient?', { payload: json }), 'channel.endpoint'],
  ...[
    'http://example.org/hook',
    'https://127.0.0.2/',
    'https://[::1]/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data/',
    'https://2130706434/',
    'https://user:secret@example.org/',
    'file:///etc/passwd',
    'gopher://example.org/',
  ].map((url): [string, object, string] => [
    `the endpoint ${url}`,
    byCriteria('Patient?', { ...channel, endpoint: url }),
    'channel.endpoint',
  ]),
  ...[
    'Authorization: Bearer x\r\nX-Injected: 1',
    'X: a\nb',
    'no colon',
    'Bad Name: x',
    ': x',
    'Host: elsewhere',
    'content-length: 3',
    'Transfer-Encoding: chunked',
    'X-Slotwise-Signature: t=1,v1=00',
    'X: ünicode',
    'X: \u0000',
  ].map((header): [string, object, string] => [
    `the header ${JSON.stringify(header)}`,
    byCriteria('Patient?', { ...channel, header: ['X-Fine: 1', header] }),
    'channel.header[1]',
  ]),
])('%s', async (_what, subscription, element) => {
  const { status, json, text } = await house.call('POST', 'Subscription', subscription)
  expect([400, 422]).toContain(status)
  expect(json.issue.map(({ expression }) => expression?.[0])).toContain(`Subscription.${element}`)
  expect(text).not.toContain('secret@')
  expect(text).not.toContain('Injected')
  expect((await house.call('GET', 'Subscription?_summary=count')).json.total).toBe(0)
})
