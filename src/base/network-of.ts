/**
 * Whom an address stands for where requests or connections are counted: an IPv4 address itself, of IPv6 the /64 that whoever
 * has one address in it has whole. https://www.rfc-editor.org/rfc/rfc6177
 */
import ipaddr from 'ipaddr.js'

export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  // What each IPv4 client looks like to a server that listens on `::`: a request need not wait for a parser.
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice('::ffff:'.length)
  if (!ipaddr.isValid(address)) return address
  const known = ipaddr.process(address)
  if (known instanceof ipaddr.IPv4) return known.toString()
  return `${known.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
