/**
 * The settings of where it listens, how the world reaches it, and whom it may call.
 */
import { isIP, isIPv6 } from 'node:net'
import { fault } from './base/fault.ts'
import { type Environment, given, refuse, url, withoutPassword } from './setting-values.ts'

type CertificateFiles = { readonly certFile: string; readonly keyFile: string }

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

/** Nobody can call 0.0.0.0: it means every address of this machine, and the loopback is one of them. */
const callable = (host: string): string => {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return isIPv6(reachable) ? `[${reachable}]` : reachable
}

export function publicUrl(env: Environment, host: string, port: number): string {
  const secure = given(env, 'TLS_CERT_FILE') !== undefined
  const own = `http${secure ? 's' : ''}://${callable(host)}:${port}`
  const text = given(env, 'PUBLIC_URL') ?? own
  if (text === own && !URL.canParse(own)) refuse('HOST', 'a name or an address of this machine', host)
  const parsed = url('PUBLIC_URL', text, secure ? ['https:'] : ['http:', 'https:'])
  if (parsed.search || parsed.hash || parsed.username)
    refuse('PUBLIC_URL', 'a plain address without query, fragment or login', withoutPassword(text))
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
}

export function certificate(env: Environment): CertificateFiles | undefined {
  const [certFile, keyFile] = [given(env, 'TLS_CERT_FILE'), given(env, 'TLS_KEY_FILE')]
  if (certFile && keyFile) return { certFile, keyFile }
  if (certFile || keyFile) throw fault('value', 'TLS_CERT_FILE and TLS_KEY_FILE go together: set both, or neither.')
  return undefined
}

/** `10.0.0.7, 10.1.0.0/16, ::1`: all of them, or each address of a network. */
export function trustProxy(env: Environment): readonly string[] {
  const networks = (given(env, 'TRUST_PROXY') ?? '').split(',').flatMap((one) => one.trim() || [])
  const odd = networks.find((one) => !isNetwork(one))
  if (odd !== undefined) refuse('TRUST_PROXY', 'a list of addresses such as 10.0.0.7, or networks such as 10.1.0.0/16', odd)
  return networks
}

function isNetwork(text: string): boolean {
  const [address = '', length, ...more] = text.split('/')
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  return (
    bits > 0 && more.length === 0 && (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) >= 1 && Number(length) <= bits))
  )
}

/** `engine.local` or `10.0.0.7:2575`; an IPv6 address in brackets, as in a URL, where a port follows it. */
export function outboundHosts(env: Environment): readonly string[] {
  const text = given(env, 'OUTBOUND_HOSTS') ?? ''
  const hosts = text.split(',').flatMap((host) => host.trim().toLowerCase() || [])
  const odd = hosts.find((host) => !isIPv6(host) && !/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host))
  if (odd !== undefined) refuse('OUTBOUND_HOSTS', 'a list of names or addresses, each with a port if only that is meant', odd)
  return hosts.map((host) => host.replace(/^\[(.*)\]/, '$1'))
}
