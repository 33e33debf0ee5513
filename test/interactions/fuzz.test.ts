/**
 * Requests that are right but for a change or two, at every address of the table of routes, and requests of which bytes are
 * missing or others: whatever it is, the server answers, never with a 5xx, and a refusal of what it could read is an
 * OperationOutcome. Many are under way at once. fast-check says which change it was, at its smallest.
 */
import { fc } from '../support/chance.ts'
import { bytesOf, plainBody, type RawAnswer, type RawClient, rawClient, sendBytes } from '../support/raw-client.ts'
import { type Ground, ground, type Request, rawOf, requests } from './fuzz-requests.ts'
import { type Cut, cuts, fuzzRuns, spoilt } from './odd.ts'
import { type RestHouse, restHouse } from './rest.ts'

/** Of each of four seeds; the others are those of `fuzz-formats.test.ts`. */
const [runs, spoiltRuns] = [Math.ceil(fuzzRuns * 0.15), Math.ceil(fuzzRuns * 0.09)]
const atOnce = 16
/** Some wait for a rest that does not come. */
const spoiltAtOnce = 64

let server: RestHouse
let place: Ground
let raw: RawClient
let token: string

beforeAll(async () => {
  server = await restHouse()
  place = await ground(server)
  token = await server.token('system/*.cruds')
  raw = rawClient(server.origin)
})
afterAll(async () => {
  raw?.close()
  await server?.close()
})

type Lots<T> = { readonly lots: fc.Arbitrary<T>; readonly seed: number; readonly numRuns: number; readonly atOnce: number }

/** Tries so many, several at once; of those that fail, fast-check is asked to make the first one smaller. */
async function none<T>({ lots, seed, numRuns, atOnce }: Lots<T>, fails: (one: T) => Promise<string | undefined>): Promise<void> {
  const waiting = fc.sample(lots, { seed, numRuns }).entries()
  const wrong: [at: number, why: string][] = []
  const worker = async (): Promise<void> => {
    for (const [at, one] of waiting) {
      const why = await fails(one)
      if (why !== undefined) wrong.push([at, why])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  const [first] = wrong.toSorted(([a], [b]) => a - b)
  if (first === undefined) return
  const again = fc.asyncProperty(lots, async (one) => {
    const why = await fails(one)
    if (why !== undefined) throw new Error(why)
  })
  await fc.assert(again, { seed, path: `${first[0]}`, numRuns: 1 })
  throw new Error(`${wrong.length} of ${numRuns} failed, and not when they were asked again alone: ${first[1]}`)
}

const isOutcome = (answer: RawAnswer): boolean => plainBody(answer).includes('"OperationOutcome"')

describe('a request with something odd in it', () => {
  it.each([1, 2, 3, 4])(
    'is answered, and never with a 5xx (seed %i)',
    async (seed) => {
      const statuses = new Set<number>()
      await none({ lots: requests, seed, numRuns: runs, atOnce }, async (request: Request) => {
        const asked = rawOf(place, token, request)
        const answer = await raw.ask(asked).catch((error: Error) => error)
        if (answer instanceof Error) return `${asked.method} ${asked.path}: ${answer.message}`
        statuses.add(answer.status)
        if (answer.status >= 500) return `${answer.status} ${asked.method} ${asked.path} ${server.warnings.at(-1)}`
        if (answer.status >= 400 && !isOutcome(answer)) return `${answer.status} without an OperationOutcome ${asked.method} ${asked.path}`
        return undefined
      })
      // The changes are small enough that much is still taken, and odd enough that much is not.
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]))
    },
    1_800_000,
  )
})

describe('a request of which bytes are missing, or others', () => {
  const lines = ['\r\n', '\r\n\r\n', '\n', ': ', ' ', '\0', '\xff', 'HTTP/0.9', 'HTTP/2.0', '/../', '?', '%', '"', '{', '}', ',']
  const headers = ['Content-Length: 5', 'Content-Length: 5, 5', 'Transfer-Encoding: chunked', 'Expect: 100-continue', 'Connection: Upgrade']
  const lots = fc.tuple(requests, cuts(...lines, ...headers.map((one) => `\r\n${one}\r\n`)))
  /** Put in after the cuts: it is the longest part by far, and would get most of them. */
  const bearer = 'T0KEN'

  it.each([5, 6, 7, 8])(
    'is answered or hung up on, and never with a 5xx (seed %i)',
    async (seed) => {
      const statuses = new Set<number>()
      await none({ lots, seed, numRuns: spoiltRuns, atOnce: spoiltAtOnce }, async ([request, changes]: [Request, Cut[]]) => {
        const asked = rawOf(place, bearer, request)
        const whole = bytesOf({ ...asked, headers: { ...asked.headers, connection: 'close' } }, server.origin)
        const sent = `${spoilt(whole.toString('latin1'), changes).replace(bearer, token)}\r\n\r\n`
        const answers = await sendBytes(server.origin, Buffer.from(sent, 'latin1')).catch((error: Error) => error)
        const told = `${JSON.stringify(changes)} in ${asked.method} ${asked.path}`
        if (answers instanceof Error) return `${answers.message}: ${told}`
        for (const { status } of answers) statuses.add(status)
        const broken = answers.find(({ status }) => status >= 500)
        return broken && `${broken.status} ${told} ${server.warnings.at(-1)}`
      })
      expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 404]))
    },
    1_800_000,
  )
})
