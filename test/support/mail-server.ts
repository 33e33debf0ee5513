/** A mail server that keeps what it is handed, over a real socket. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type Letter = { readonly to: readonly string[]; readonly text: string; readonly headers: string }

export type MailServer = {
  readonly url: string
  readonly letters: readonly Letter[]
  /** So many messages are put off from now on. */
  readonly putOff: (times: number) => void
  readonly close: () => Promise<void>
}

export async function mailServer(): Promise<MailServer> {
  const letters: Letter[] = []
  const state = { refusals: 0 }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onMailFrom: (_address, _session, answer) => {
      if (state.refusals-- <= 0) return answer()
      answer(Object.assign(new Error('come again later'), { responseCode: 451 }))
    },
    onData: (stream, session, answer) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        letters.push({ to: session.envelope.rcptTo.map(({ address }) => address), ...partsOf(Buffer.concat(chunks).toString('utf8')) })
        answer()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    putOff: (times) => {
      state.refusals = times
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Quoted-printable is read as RFC 2045 6.7 has it. */
function partsOf(raw: string): { headers: string; text: string } {
  const [headers = '', ...rest] = raw.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  if (!/quoted-printable/i.test(headers)) return { headers, text: body }
  const text = body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return { headers, text }
}
