/**
 * A house and a way to ask it anything: bodies as text, addresses as they are typed, whatever headers. `fetch` would
 * straighten both out, so this speaks `node:http`.
 */
import { Agent, request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { type TestHouse, testHouse } from '../support/house.ts'

/** Whatever came back; a test says what it expects of it. */
// biome-ignore lint/suspicious/noExplicitAny: the tests look into every kind of resource
export type Loose = any

export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  readonly json: Loose
}

export type Asking = { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly token?: string | null }

/** `path` is below the FHIR base; one that starts with a slash is below the origin. A body that is text goes out as it is. */
export type Ask = (method: string, path: string, asking?: Asking) => Promise<Answer>

export type RestHouse = TestHouse & {
  readonly ask: Ask
  readonly scoped: (scope: string, more?: { patient?: string; user?: string; client?: string; purpose?: string }) => Promise<Ask>
}

export async function restHouse(): Promise<RestHouse> {
  const server = await testHouse()
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const asker =
    (mine: string): Ask =>
    (method, path, { body, headers = {}, token = mine } = {}) =>
      send(agent, server.origin, {
        method,
        path: path.startsWith('/') ? path : `/fhir/${path}`,
        body,
        headers: { ...bearer(token), ...headers },
      })
  return {
    ...server,
    ask: asker(await server.token('system/*.cruds')),
    scoped: async (scope, more) => asker(await server.token(scope, more)),
    close: async () => {
      agent.destroy()
      await server.close()
    },
  }
}

const bearer = (token: string | null): Record<string, string> => (token === null ? {} : { authorization: `Bearer ${token}` })

type Sending = {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers: Readonly<Record<string, string>>
}

/** An answer that does not come is a failure of its own. */
const patienceMs = 60_000

const unpack: Readonly<Record<string, (bytes: Buffer) => Buffer>> = { gzip: gunzipSync, br: brotliDecompressSync }

function send(agent: Agent, origin: string, { method, path, body, headers }: Sending): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const typed = text === undefined ? {} : { 'content-type': 'application/fhir+json', 'content-length': String(Buffer.byteLength(text)) }
  return new Promise((resolve, reject) => {
    const asked = request(origin, { agent, method, path, headers: { ...typed, ...headers }, timeout: patienceMs }, (answer) => {
      const heard: Buffer[] = []
      answer.on('data', (data: Buffer) => heard.push(data))
      answer.on('end', () => {
        const bytes = Buffer.concat(heard)
        const plain = unpack[answer.headers['content-encoding'] ?? '']?.(bytes) ?? bytes
        try {
          resolve(answerOf(answer.statusCode ?? 0, answer.headers as Answer['headers'], plain.toString('utf8')))
        } catch (error) {
          reject(new Error(`${method} ${path.slice(0, 200)} was answered with what is no JSON`, { cause: error }))
        }
      })
    })
    asked.on('timeout', () => asked.destroy(new Error(`no answer in ${patienceMs} ms: ${method} ${path.slice(0, 200)}`)))
    asked.on('error', reject)
    asked.end(text)
  })
}

function answerOf(status: number, headers: Answer['headers'], text: string): Answer {
  const isJson = /[/+]json/.test(headers['content-type'] ?? '')
  return { status, headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined }
}

/** The new resource's id. */
export async function made(ask: Ask, resource: { readonly resourceType: string; readonly [element: string]: unknown }): Promise<string> {
  const answer = await ask('POST', resource.resourceType, { body: resource })
  if (answer.status !== 201) throw new Error(`POST ${resource.resourceType} was answered ${answer.status}: ${answer.text.slice(0, 600)}`)
  return answer.json.id
}

/** The resources of a Bundle that were asked for, not those that came along. */
export const matched = ({ json }: Answer): Loose[] =>
  (json.entry ?? []).filter((entry: Loose) => entry.search?.mode === 'match').map((entry: Loose) => entry.resource)

export const along = ({ json }: Answer): Loose[] =>
  (json.entry ?? []).filter((entry: Loose) => entry.search?.mode === 'include').map((entry: Loose) => entry.resource)

export const linkOf = ({ json }: Answer, relation: string): string | undefined =>
  json.link?.find((link: Loose) => link.relation === relation)?.url

/** The path below the base of an absolute address. */
export const below = (url: string): string => url.slice(url.indexOf('/fhir/') + '/fhir/'.length)

/** Four at a time: enough to keep the server busy. */
export async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = waiting.next(); !next.done; next = waiting.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}
