/**
 * The headers that a subscriber wants to be sent, one `Name: value` each. Nothing that could end a header and begin
 * another passes, nor a header that says how the message itself is carried. https://www.rfc-editor.org/rfc/rfc9110#section-5.5
 */
import { fault } from '../base/fault.ts'
import { channelHeadersMax } from '../base/subscription-limits.ts'

const grammar = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)[ \t]*$/

const ours: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-slotwise-signature',
])

/** Throws `business-rule` with the place, and never what stands there: it may be a secret. */
export function headersOf(lines: readonly string[]): [name: string, value: string][] {
  if (lines.length > channelHeadersMax)
    throw fault('business-rule', `A channel has at most ${channelHeadersMax} headers.`, 'Subscription.channel.header')
  return lines.map((line, at) => {
    const [, name, value] = grammar.exec(line) ?? []
    const expression = `Subscription.channel.header[${at}]`
    if (name === undefined || value === undefined)
      throw fault('business-rule', 'A header is one line of printable ASCII, "Name: value".', expression)
    if (ours.has(name.toLowerCase())) throw fault('business-rule', 'This header is for the server to set.', expression)
    return [name, value]
  })
}
