/**
 * The door to the street: plain or with TLS (`certificate.ts`), how long it waits for those who are slow, and how many lines
 * one address may keep open. Whoever drips a request, or does not read the answer, is let go.
 * https://nodejs.org/api/http.html#class-httpserver
 */
import type { RequestListener, Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { BlockList, isIPv6, type Socket } from 'node:net'
import { connectionsLookMs, headersReceivedMsMax, keepAliveMs, requestReceivedMsMax, stalledAnswerMsMax } from '../base/limits.ts'
import { networkOf } from '../base/network-of.ts'
import { type CertificateFiles, certificateIn, followCertificate } from './certificate.ts'
import type { House } from './desks.ts'
import { createServer } from './node-http.ts'

/** Milliseconds. */
export type Patience = {
  readonly headers: number
  readonly request: number
  readonly keepAlive: number
  /** Of a line on which nothing moves while a request is being answered. */
  readonly stalled: number
  /** How often it is looked who is late. */
  readonly look: number
}

const patienceDefault: Patience = {
  headers: headersReceivedMsMax,
  request: requestReceivedMsMax,
  keepAlive: keepAliveMs,
  stalled: stalledAnswerMsMax,
  look: connectionsLookMs,
}

export type StreetDoor = {
  readonly certificate?: CertificateFiles
  /** Addresses and networks (`10.0.0.0/8`) of proxies, which alone are believed whom they speak for. */
  readonly proxies?: readonly string[]
  /** 0: as many as there may be. */
  readonly connectionsPerAddress?: number
  readonly patience?: Partial<Patience>
}

export function streetDoor(house: House, door: StreetDoor, listener: RequestListener): Server {
  const patience = { ...patienceDefault, ...door.patience }
  const server = hung(house, door, patience.look, listener)
  server.headersTimeout = patience.headers
  server.requestTimeout = patience.request
  server.keepAliveTimeout = patience.keepAlive
  server.setTimeout(patience.stalled)
  if (door.connectionsPerAddress) boundConnections(house, server, door.connectionsPerAddress, listed(door.proxies ?? []))
  return server
}

function hung(house: House, { certificate }: StreetDoor, look: number, listener: RequestListener): Server {
  const options = { connectionsCheckingInterval: look }
  if (!certificate) return createServer(options, listener)
  const server = createSecureServer({ ...options, ...certificateIn(certificate) }, listener)
  followCertificate(server, certificate, house.warn)
  return server
}

function listed(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', length] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (length === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(length), family)
  }
  return list
}

/** A proxy speaks for many, and is not counted. An address is not told to an operator: it may be a patient's. */
function boundConnections({ warn }: House, server: Server, max: number, proxies: BlockList): void {
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress
    if (address === undefined || proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return
    const from = networkOf(address)
    const count = (open.get(from) ?? 0) + 1
    open.set(from, count)
    socket.once('close', () => {
      const left = (open.get(from) ?? 1) - 1
      if (left > 0) open.set(from, left)
      else open.delete(from)
    })
    if (count === max + 1) warn('one address has as many connections open as it may; more of it are closed', { max })
    if (count > max) socket.destroy()
  })
}
