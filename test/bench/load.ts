/**
 * A closed loop of requests over keep-alive connections: as many under way as there are connections, the next one when one
 * is answered. Answers are read to their end and thrown away, so that the load costs little beside what it measures.
 * Time is measured from the call to the last byte.
 */
import { Agent, request } from 'node:http'

export type Call = {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export type Answer = { readonly status: number; readonly ms: number; readonly text: string }

export type Figures = {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** How many answers had each status. */
  readonly codes: Readonly<Record<string, number>>
}

export type Load = { readonly connections: number; readonly seconds?: number; readonly count?: number }

/** Sends `make(0)`, `make(1)`, … until the count or the seconds are over. */
export async function load(
  make: (i: number) => Call,
  { connections, seconds = 600, count = Number.POSITIVE_INFINITY }: Load,
): Promise<Figures> {
  const answers: Answer[] = []
  const started = performance.now()
  const over = started + seconds * 1000
  await inParallel(connections, (i, agent) => {
    if (i >= count || performance.now() >= over) return undefined
    return send(agent, make(i), false).then((answer) => void answers.push(answer))
  })
  return figuresOf(answers, (performance.now() - started) / 1000)
}

/** The answers, texts and all, in the order of the calls. */
export async function askAll(calls: readonly Call[], connections: number): Promise<Answer[]> {
  const answers: Answer[] = []
  await inParallel(connections, (i, agent) => {
    const call = calls[i]
    return (
      call &&
      send(agent, call, true).then((answer) => {
        answers[i] = answer
      })
    )
  })
  return answers
}

async function inParallel(connections: number, next: (i: number, agent: Agent) => Promise<void> | undefined): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const counter = { next: 0 }
  const worker = async (): Promise<void> => {
    for (let step = next(counter.next++, agent); step; step = next(counter.next++, agent)) await step
  }
  await Promise.all(Array.from({ length: connections }, worker))
  agent.destroy()
}

const addresses = new Map<string, URL>()

/** Origins are parsed once; a path goes out as it was written. */
function addressOf(url: string): { hostname: string; port: string; path: string } {
  const slash = url.indexOf('/', 'https://'.length)
  const origin = slash < 0 ? url : url.slice(0, slash)
  const known = addresses.get(origin) ?? new URL(origin)
  addresses.set(origin, known)
  return { hostname: known.hostname, port: known.port, path: slash < 0 ? '/' : url.slice(slash) }
}

function send(agent: Agent, { url, method = 'GET', headers, body }: Call, keep: boolean): Promise<Answer> {
  const size = body === undefined ? {} : { 'content-type': 'application/fhir+json', 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const sent = request(
      { agent, ...addressOf(url), method, headers: { accept: 'application/fhir+json', ...size, ...headers } },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => keep && chunks.push(chunk))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = keep ? Buffer.concat(chunks).toString('utf8') : ''
          resolve({ status: answer.statusCode ?? 0, ms: performance.now() - started, text })
        })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Percentiles of the times; `only` keeps the answers of one status. */
export function figuresOf(answers: readonly Answer[], seconds: number): Figures {
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (part: number): number => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0
  const codes: Record<string, number> = {}
  for (const { status } of answers) codes[status] = (codes[status] ?? 0) + 1
  return { perSecond: answers.length / seconds, p50: at(0.5), p99: at(0.99), max: at(1), codes }
}
