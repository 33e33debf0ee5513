/**
 * Where this server may call: https to public addresses, and whatever an operator has named (OUTBOUND_HOSTS). Anybody who
 * may write an address into a resource could else make it call the machines around it.
 * https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
 *
 * Pure: a name's addresses are judged by whoever looks them up, at the moment of connecting (`jobs/call-out.ts`).
 */
import ipaddr from 'ipaddr.js'

/** Names or addresses, with a port where only that one is meant: `localhost:9000`. */
export type OutboundHosts = readonly string[]

/** Why an address may not be called, as the rest of a sentence about it; undefined where it may. */
export function whyNotCalled(text: string, named: OutboundHosts): string | undefined {
  const url = URL.parse(text)
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'must be an address that begins with https://'
  if (url.username || url.password) return 'must not hold a login: send one in a header'
  if (isNamed(url, named)) return undefined
  if (url.protocol !== 'https:') return 'must begin with https://'
  const host = hostOf(url)
  if (ipaddr.isValid(host) && !isPublic(host)) return 'must not be an address of a private network'
  return undefined
}

/** Whether an operator has named the host, which opens private addresses and plain http. */
export const isNamed = (url: URL, named: OutboundHosts): boolean =>
  named.includes(hostOf(url)) || named.includes(`${hostOf(url)}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`)

/** Without the brackets of an IPv6 address, and without the dot that may end a name. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

/** Nothing but ordinary unicast: no loopback, private, link-local, shared, translated or documentation range. */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const known = ipaddr.process(address)
  if (known.range() !== 'unicast') return false
  return known.kind() === 'ipv4' || known.match(ipaddr.parse('2000::'), 3)
}
