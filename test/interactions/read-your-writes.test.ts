/**
 * A search that is begun after a write was answered sees it, at whichever of two servers on one database each
 * of them is asked, whatever kind of write and of search, while others write the same types. RYW_RUNS says how often.
 */
import { type TestHouse, testHouse } from '../support/house.ts'
import { plainBody, type RawClient, rawClient } from '../support/raw-client.ts'
import type { Loose } from './rest.ts'

const runs = Number(process.env.RYW_RUNS ?? 10_000)
const writersAtOnce = 8
const system = 'urn:ryw'

type Answer = { readonly status: number; readonly head: string; readonly text: string; readonly json: Loose }
type Call = (method: string, path: string, body?: object, headers?: Readonly<Record<string, string>>) => Promise<Answer>

const caller =
  (raw: RawClient, token: string): Call =>
  async (method, path, body, headers = {}) => {
    const typed = body && { 'content-type': 'application/fhir+json' }
    const asked = { method, path: `/fhir/${path}`, headers: { authorization: `Bearer ${token}`, ...typed, ...headers } }
    const answer = await raw.ask({ ...asked, body: body && JSON.stringify(body) })
    const text = plainBody(answer).toString()
    return { status: answer.status, head: answer.head, text, json: text === '' ? {} : JSON.parse(text) }
  }

let first: TestHouse
let second: TestHouse
let raws: readonly RawClient[]
let calls: readonly Call[]

beforeAll(async () => {
  first = await testHouse()
  second = await testHouse({ beside: first })
  const token = await first.token('system/*.cruds')
  raws = [first, second].map(({ origin }) => rawClient(origin))
  calls = raws.map((raw) => caller(raw, token))
})
afterAll(async () => {
  for (const raw of raws ?? []) raw.close()
  await second?.close()
  await first?.close()
})

/** Numbers from 0 to 1 that are the same in every run. */
function lots(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

/** What one writer has been answered so far. */
type Known = { readonly key: string; readonly family: string; readonly version: number; readonly isThere: boolean; readonly at: string }

const patientOf = ({ key, family }: Pick<Known, 'key' | 'family'>) => ({
  resourceType: 'Patient',
  id: key,
  identifier: [{ system, value: key }],
  name: [{ family }],
})
const coverageOf = (key: string) => ({
  resourceType: 'Coverage',
  id: `${key}-c`,
  status: 'active',
  identifier: [{ system, value: key }],
  beneficiary: { reference: `Patient/${key}` },
  payor: [{ display: 'x' }],
})
const entry = (resource: Loose, url = `${resource.resourceType}/${resource.id}`) => ({ resource, request: { method: 'PUT', url } })
const bundle = (type: string, ...entries: object[]) => ({ resourceType: 'Bundle', type, entry: entries })

function expectAnswered({ status, text }: Answer): void {
  if (status >= 300) throw new Error(`a write was answered ${status}: ${text.slice(0, 300)}`)
}

type Write = (call: Call, before: Known, family: string) => Promise<Answer>
const writes: Readonly<Record<string, Write>> = {
  update: (call, { key }, family) => call('PUT', `Patient/${key}`, patientOf({ key, family })),
  'conditional update': (call, { key }, family) => call('PUT', `Patient?identifier=${system}|${key}`, patientOf({ key, family })),
  batch: (call, { key }, family) => call('POST', '', bundle('batch', entry(patientOf({ key, family })))),
  transaction: (call, { key }, family) =>
    call('POST', '', bundle('transaction', entry(patientOf({ key, family })), entry(coverageOf(key)))),
  'conditional entry': (call, { key }, family) =>
    call('POST', '', bundle('transaction', entry(patientOf({ key, family }), `Patient?identifier=${system}|${key}`))),
}
/** Of what is there only. */
const changes: Readonly<Record<string, Write>> = {
  patch: (call, { key }, family) =>
    call('PATCH', `Patient/${key}`, [{ op: 'replace', path: '/name/0/family', value: family }], {
      'content-type': 'application/json-patch+json',
    }),
  delete: (call, { key }) => call('DELETE', `Patient/${key}`),
  'conditional delete': (call, { key }) => call('DELETE', `Patient?identifier=${system}|${key}`),
}

const ids = ({ json }: Answer): string[] =>
  (json.entry ?? [])
    .filter(({ search }: Loose) => search?.mode === 'match')
    .map(({ resource }: Loose) => `${resource.id} ${resource.meta.versionId}`)

/** Each gives what it saw and what it must see. */
type Look = (call: Call, known: Known) => Promise<[seen: unknown, known: unknown]>
const patientSeen = ({ key, version, isThere }: Known): string[] => (isThere ? [`${key} ${version}`] : [])
const looks: Readonly<Record<string, Look>> = {
  'by identifier': async (call, known) => [ids(await call('GET', `Patient?identifier=${system}|${known.key}`)), patientSeen(known)],
  'by what was written': async (call, known) => [ids(await call('GET', `Patient?family:exact=${known.family}`)), patientSeen(known)],
  'by when it was written': async (call, known) => [
    ids(await call('GET', `Patient?_id=${known.key}&_lastUpdated=ge${known.at}`)),
    patientSeen(known),
  ],
  counted: async (call, known) => [
    (await call('GET', `Patient?identifier=${system}|${known.key}&_count=0`)).json.total,
    patientSeen(known).length,
  ],
  'by a chain': async (call, known) => [
    ids(await call('GET', `Coverage?identifier=${system}|${known.key}&beneficiary.family=${known.family}`)).length,
    patientSeen(known).length,
  ],
  'by `_has`': async (call, known) => [
    ids(await call('GET', `Patient?_has:Coverage:beneficiary:identifier=${system}|${known.key}`)),
    patientSeen(known),
  ],
  included: async (call, known) => [
    ((await call('GET', `Coverage?identifier=${system}|${known.key}&_include=Coverage:beneficiary`)).json.entry ?? [])
      .filter(({ search }: Loose) => search?.mode === 'include')
      .map(({ resource }: Loose) => `${resource.id} ${resource.meta.versionId}`),
    patientSeen(known),
  ],
  read: async (call, known) => [
    /^etag: (.*?)\r?$/im.exec((await call('GET', `Patient/${known.key}`)).head)?.[1],
    known.isThere ? `W/"${known.version}"` : undefined,
  ],
  history: async (call, known) => [
    (await call('GET', `Patient/${known.key}/_history?_count=1`)).json.entry?.[0]?.response?.etag,
    `W/"${known.version}"`,
  ],
  'history of the type': async (call, { key, version, at }) => {
    const { json } = await call('GET', `Patient/_history?_since=${at}&_count=1000`)
    return [
      (json.entry ?? []).filter(({ fullUrl, response }: Loose) => fullUrl?.endsWith(`/${key}`) && response?.etag === `W/"${version}"`)
        .length,
      1,
    ]
  },
  'by a conditional create': async (call, known) => {
    if (!known.isThere) return [0, 0]
    const answer = await call('POST', 'Patient', patientOf(known), { 'if-none-exist': `identifier=${system}|${known.key}` })
    return [`${answer.status} ${answer.json.id} ${answer.json.meta?.versionId}`, `200 ${known.key} ${known.version}`]
  },
  'in a batch': async (call, known) => {
    const asked = { request: { method: 'GET', url: `Patient?identifier=${system}|${known.key}` } }
    const { json } = await call('POST', '', bundle('batch', asked))
    return [ids({ json: json.entry?.[0]?.resource } as never), patientSeen(known)]
  },
}

it(`is seen at once, ${runs} times`, async () => {
  const stale: string[] = []
  const seen = new Set<string>()
  const writer = async (nth: number): Promise<void> => {
    const lot = lots(nth + 1)
    const oneOf = <T>(list: readonly T[]): T => list[Math.floor(lot() * list.length)] as T
    const key = `ryw-${nth}`
    expectAnswered(await oneOf(calls)('PUT', `Coverage/${key}-c`, coverageOf(key)))
    let known: Known = { key, family: '', version: 0, isThere: false, at: '' }
    for (let round = 0; round < runs / writersAtOnce; round++) {
      const kinds = { ...writes, ...(known.isThere ? changes : {}) }
      const kind = oneOf(Object.keys(kinds))
      const family = `Fam${nth}x${round}`
      const at = new Date().toISOString()
      expectAnswered((await kinds[kind]?.(oneOf(calls), known, family)) as Answer)
      const isThere = !kind.includes('delete')
      known = { key, family: isThere ? family : known.family, version: known.version + 1, isThere, at }
      const name = oneOf(Object.keys(looks))
      const [was, must] = (await looks[name]?.(oneOf(calls), known)) ?? []
      seen.add(kind).add(name)
      if (JSON.stringify(was) !== JSON.stringify(must)) stale.push(`${kind}, ${name}: ${JSON.stringify(was)} for ${JSON.stringify(must)}`)
    }
  }
  await Promise.all(Array.from({ length: writersAtOnce }, (_, nth) => writer(nth)))
  expect(stale).toEqual([])
  expect(seen.size).toBe(Object.keys({ ...writes, ...changes, ...looks }).length)
}, 1_800_000)
