/** The form in a request whose body nobody has read yet. */
import type { IncomingMessage } from 'node:http'
import { fault } from '../base/fault.ts'
import { authFormBytesMax } from '../base/sign-in-limits.ts'

export async function rawForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > authFormBytesMax) throw fault('too-long', `A form has at most ${authFormBytesMax} bytes here.`)
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
