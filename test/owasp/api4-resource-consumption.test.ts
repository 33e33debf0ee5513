/**
 * API4:2023 Unrestricted Resource Consumption https://owasp.org/API-Security/editions/2023/en/0xa4-unrestricted-resource-consumption/
 *
 * Whoever sends or asks for too much is told so before it costs much. Slow clients: `test/http/street-door.test.ts`; time in
 * the database: `test/http/statement-times.test.ts`; rates: `test/http/throttle.test.ts`.
 */
import { gzipSync } from 'node:zlib'
import { bodyBytesMax, bundleEntriesMax, nestingMax, queryPartsMax } from '../../src/base/limits.ts'
import { pageSizeMax, searchCriteriaMax } from '../../src/base/search-limits.ts'
import { clinic, instantIn } from '../support/clinic.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let token: string
beforeAll(async () => {
  house = await testHouse()
  token = await house.token('system/*.cruds')
})
afterAll(() => house?.close())

type Sent = { method?: string; body?: string | Buffer<ArrayBuffer>; type?: string; encoding?: string }

async function send(path: string, { method = 'POST', body, type = 'application/fhir+json', encoding }: Sent = {}) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, ...(encoding ? { 'content-encoding': encoding } : {}) }
  const answer = await fetch(`${house.house.base}/${path}`, { method, headers, body })
  const text = await answer.text()
  return { status: answer.status, code: /"code":"([^"]+)"|<code value="([^"]+)"/.exec(text)?.slice(1).find(Boolean), text }
}

const nested = (depth: number): string =>
  `{"resourceType":"Patient","extension":[${'{"url":"x:y","extension":['.repeat(depth)}${']}'.repeat(depth)}]}`
const patients = (count: number): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'batch',
    entry: Array.from({ length: count }, () => ({ request: { method: 'GET', url: 'Patient?_count=1' } })),
  })
const padded = (bytes: number): string => `{"resourceType":"Patient","language":"${'x'.repeat(bytes)}"}`

it.each<[string, string, Sent, number]>([
  ['a body that is too long', 'Patient', { body: padded(bodyBytesMax) }, 413],
  ['one that unfolds to too much', 'Patient', { body: Buffer.from(gzipSync(padded(16 * 1024 * 1024))), encoding: 'gzip' }, 413],
  ['one that is nested too deep', 'Patient', { body: nested(nestingMax) }, 400],
  ['one nested so deep that a parser might fall', 'Patient', { body: nested(100_000) }, 400],
  [
    'XML whose entities unfold',
    'Patient',
    {
      body: `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Patient xmlns="http://hl7.org/fhir"><language value="&b;"/></Patient>`,
      type: 'application/fhir+xml',
    },
    400,
  ],
  ['a Bundle of too many', '', { body: patients(bundleEntriesMax + 1) }, 400],
  ['a search of too many words', `Patient?${'_id=x&'.repeat(queryPartsMax + 1)}`, { method: 'GET' }, 400],
  [
    'a search of too many criteria',
    `Patient?${Array.from({ length: searchCriteriaMax + 1 }, (_, at) => `_id=x${at}`).join('&')}`,
    { method: 'GET' },
    400,
  ],
  ['too wide a window', `Slot/$find-slots?start=${instantIn(1, '00:00')}&end=${instantIn(100, '00:00')}`, { method: 'GET' }, 400],
])('%s is refused', async (_what, path, sent, status) => {
  const answer = await send(path, sent)
  expect([answer.status, answer.text.length < 5_000]).toEqual([status, true])
  expect(answer.code).toMatch(/^(too-long|too-costly|invalid|structure|value)$/)
})

it('a page has so many entries at most, however many are asked for', async () => {
  const week = new Date(Date.now() + 8 * 86_400_000)
  await clinic(house.call, { n: 6, horizon: week })
  const { json } = await house.call('GET', 'Slot?_count=1000000')
  expect([json.entry?.length, json.link?.some(({ relation }) => relation === 'next')]).toEqual([pageSizeMax, true])
})

it('what has been refused has cost the next nothing', async () => {
  expect((await house.call('GET', 'Patient?_count=1')).status).toBe(200)
})
