/**
 * A client that costs next to nothing, for tests that ask ten thousands of times: a few sockets that stay open, requests as
 * they are written, of the answers no more than where they end. It looks at no redirect.
 */
import { connect, type Socket } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'

export type RawAnswer = { readonly status: number; readonly head: string; readonly body: Buffer }

export type RawRequest = {
  readonly method: string
  /** As it stands in the first line. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export type RawClient = {
  /** Refused where no answer comes for as long as patience lasts, or the server hangs up instead. */
  readonly ask: (request: RawRequest) => Promise<RawAnswer>
  readonly close: () => void
}

const patienceMs = 60_000
const quietMs = 1_000
const endOfHead = Buffer.from('\r\n\r\n')

const unpack: Readonly<Record<string, (bytes: Buffer) => Buffer>> = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync }

/** The body without its Content-Encoding. */
export function plainBody({ head, body }: RawAnswer): Buffer {
  const [, coding = ''] = /\ncontent-encoding: (\w+)/i.exec(head) ?? []
  return unpack[coding]?.(body) ?? body
}

type Asking = {
  readonly bytes: string | Buffer
  readonly isHead: boolean
  readonly settle: (answer: RawAnswer | Error) => void
}

export function rawClient(origin: string): RawClient {
  const { hostname, port } = new URL(origin)
  const idle: Line[] = []
  const all = new Set<Line>()
  const lineOf = (): Line => {
    const known = idle.pop()
    if (known) return known
    const line: Line = openLine(connect(Number(port), hostname), {
      free: () => idle.push(line),
      gone: () => {
        all.delete(line)
        if (idle.includes(line)) idle.splice(idle.indexOf(line), 1)
      },
    })
    all.add(line)
    return line
  }
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        const settle = (answer: RawAnswer | Error): void => (answer instanceof Error ? reject(answer) : resolve(answer))
        lineOf().send({ bytes: bytesOf(request, origin), isHead: request.method === 'HEAD', settle })
      }),
    close: () => {
      for (const line of all) line.close()
    },
  }
}

/** Headers go out as the bytes that they are written in, one for each letter. */
export function bytesOf({ method, path, headers, body }: RawRequest, origin: string): Buffer {
  const host = origin.slice(origin.indexOf('//') + 2)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const bytes = body === undefined ? undefined : Buffer.from(body as string)
  const length = bytes === undefined ? '' : `content-length: ${bytes.length}\r\n`
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join('')}${length}\r\n`
  return bytes === undefined ? Buffer.from(head, 'latin1') : Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

/**
 * Says that and nothing else, and hears what is answered: nothing, or an answer or several. Of what is no whole request the
 * server waits for the rest; it is told that none comes once it has said nothing for a while.
 */
export function sendBytes(origin: string, bytes: Buffer): Promise<RawAnswer[]> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const heard: Buffer[] = []
    const socket = connect(Number(port), hostname)
    const state = { isOver: false }
    socket.setTimeout(quietMs, () => {
      if (state.isOver) socket.destroy(new Error(`not hung up on for ${patienceMs} ms`))
      state.isOver = true
      socket.setTimeout(patienceMs)
      socket.end()
    })
    socket.on('data', (data) => {
      heard.push(data)
      if (answerIn(Buffer.concat(heard), false)) socket.end()
    })
    // Whoever hangs up while it is still being spoken to has done so all the same.
    socket.on('error', (error: NodeJS.ErrnoException) => (isHangUp(error) ? undefined : reject(error)))
    socket.on('close', () => resolve(answersIn(Buffer.concat(heard))))
    socket.write(bytes)
  })
}

const isHangUp = ({ code }: NodeJS.ErrnoException): boolean => code === 'ECONNRESET' || code === 'EPIPE'

function answersIn(heard: Buffer): RawAnswer[] {
  const answers: RawAnswer[] = []
  for (let left = heard; left.length > 0; ) {
    const whole = answerIn(left, false)
    if (!whole) return [...answers, ...unended(left)]
    answers.push(whole.answer)
    left = left.subarray(whole.length)
  }
  return answers
}

type Line = { readonly send: (asking: Asking) => void; readonly close: () => void }

/** A socket with one request under way at most. */
function openLine(socket: Socket, { free, gone }: { free: () => void; gone: () => void }): Line {
  const state: { asking?: Asking; heard: Buffer } = { heard: Buffer.alloc(0) }
  const done = (answer: RawAnswer | Error): void => {
    const { asking } = state
    state.asking = undefined
    asking?.settle(answer)
  }
  socket.setNoDelay(true)
  socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer for ${patienceMs} ms`)))
  socket.on('data', (data) => {
    state.heard = state.heard.length === 0 ? data : Buffer.concat([state.heard, data])
    const whole = state.asking && answerIn(state.heard, state.asking.isHead)
    if (!whole) return
    state.heard = state.heard.subarray(whole.length)
    if (!/^connection: close\r?$/im.test(whole.answer.head)) free()
    else socket.end()
    done(whole.answer)
  })
  socket.on('error', (error) => done(error))
  socket.on('close', () => {
    gone()
    done(new Error('the server hung up without an answer'))
  })
  return {
    send: (asking) => {
      state.asking = asking
      socket.write(asking.bytes)
    },
    close: () => socket.destroy(),
  }
}

/** What a server hung up in the midst of, or ends by hanging up. */
function unended(heard: Buffer): RawAnswer[] {
  const [head, status] = /^HTTP\/1\.1 (\d{3})[\s\S]*?\r\n\r\n/.exec(heard.toString('latin1')) ?? []
  return head === undefined ? [] : [{ status: Number(status), head, body: heard.subarray(head.length) }]
}

/** Where the answer ends, once it is there as a whole. https://www.rfc-editor.org/rfc/rfc9112#section-6 */
function answerIn(heard: Buffer, isHead: boolean): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const at = heard.indexOf(endOfHead)
  if (at < 0) return undefined
  const head = heard.toString('latin1', 0, at)
  const status = Number(head.slice(9, 12))
  const from = at + endOfHead.length
  if (isHead || status < 200 || status === 204 || status === 304) return { answer: { status, head, body: Buffer.alloc(0) }, length: from }
  const [, length] = /\ncontent-length: (\d+)/i.exec(head) ?? []
  if (length === undefined) return /\ntransfer-encoding: chunked/i.test(head) ? chunkedIn(heard, from, status, head) : undefined
  const to = from + Number(length)
  return heard.length < to ? undefined : { answer: { status, head, body: heard.subarray(from, to) }, length: to }
}

function chunkedIn(heard: Buffer, from: number, status: number, head: string): { answer: RawAnswer; length: number } | undefined {
  const parts: Buffer[] = []
  for (let at = from; ; ) {
    const line = heard.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(heard.toString('latin1', at, line), 16)
    const next = line + 2 + size + 2
    if (heard.length < next) return undefined
    if (size === 0) return { answer: { status, head, body: Buffer.concat(parts) }, length: next }
    parts.push(heard.subarray(line + 2, line + 2 + size))
    at = next
  }
}
