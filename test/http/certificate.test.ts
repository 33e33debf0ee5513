/** TLS spoken by the server itself, by Node's own client, with certificates that were made for this test. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, type RequestOptions, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { buildApp } from '../../src/http/app.ts'
import { desks } from '../../src/http/desks.ts'
import { profiles, streetHouse } from './door.ts'

const pairs = join(import.meta.dirname, 'certificates')
const house = streetHouse('https://clinic.example/fhir')
const trusted = await Promise.all(['first', 'second'].map((name) => readFile(join(pairs, `${name}.cert.pem`), 'utf8')))

let folder: string
let app: FastifyInstance
let port: number

const files = () => ({ certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') })
const put = async (name: string, what: 'cert' | 'key'): Promise<void> =>
  copyFile(join(pairs, `${name}.${what}.pem`), join(folder, `${what}.pem`))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slotwise-tls-'))
  await put('first', 'cert')
  await put('first', 'key')
  app = buildApp(house, { auth: 'smart', desks, version: '1', profiles, door: { certificate: files() } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = (app.server.address() as AddressInfo).port
})
afterAll(async () => {
  app?.server.closeAllConnections()
  await app?.close()
  await rm(folder, { recursive: true })
})

type Said = { status: number; hsts: unknown; certificate: string }

function ask(path: string, options: RequestOptions = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, servername: 'clinic.example', ca: trusted, path, agent: false, ...options },
      (answer) => {
        const { subject } = (answer.socket as TLSSocket).getPeerCertificate() as PeerCertificate
        answer
          .resume()
          .once('end', () =>
            resolve({ status: answer.statusCode ?? 0, hsts: answer.headers['strict-transport-security'], certificate: String(subject.CN) }),
          )
      },
    )
    asked.once('error', reject).end()
  })
}

/** The handshake alone; gives why it failed. */
const handshake = (options: object): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'clinic.example', ca: trusted, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
      socket.destroy()
    })
    socket.once('error', (error) => resolve(`refused: ${'code' in error ? error.code : error.name}`))
  })

it('answers over TLS, and tells browsers to come no other way, on every kind of page', async () => {
  for (const [path, status] of [
    ['/fhir/metadata', 200],
    ['/fhir/Patient', 401],
    ['/nowhere', 404],
    ['/', 200],
    ['/.well-known/openid-configuration', 503],
  ] as const)
    expect(await ask(path)).toEqual({ status, hsts: expect.stringMatching(/^max-age=31536000/), certificate: 'first.clinic.example' })
})

it('speaks TLS 1.3 and 1.2, nothing older, and no cipher without forward secrecy', async () => {
  expect(await handshake({})).toMatch(/^TLSv1\.3 /)
  expect(await handshake({ maxVersion: 'TLSv1.2' })).toMatch(/^TLSv1\.2 ECDHE-.*(GCM|CHACHA20)/)
  expect(await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).toMatch(/^refused/)
  expect(await handshake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' })).toMatch(/^refused/)
})

it('shows a renewed certificate to whoever comes next, drops no line, and keeps the old one until both files are there', async () => {
  const staying = new Agent({ keepAlive: true, maxSockets: 1 })
  expect((await ask('/health/live', { agent: staying })).certificate).toBe('first.clinic.example')
  await put('second', 'cert')
  expect((await ask('/health/live')).certificate).toBe('first.clinic.example')
  expect(house.warnings.map(({ what }) => what)).toContain('the new certificate or its key cannot be used; the one before is kept')
  await put('second', 'key')
  expect((await ask('/health/live')).certificate).toBe('second.clinic.example')
  expect((await ask('/health/live', { agent: staying })).certificate).toBe('first.clinic.example')
  await rm(join(folder, 'key.pem'))
  expect((await ask('/health/live')).certificate).toBe('second.clinic.example')
  staying.destroy()
})

it('does not start with files that are no pair, and names the settings', async () => {
  await put('first', 'cert')
  await put('second', 'key')
  const start = () => buildApp(house, { auth: 'smart', desks, version: '1', profiles, door: { certificate: files() } })
  expect(start).toThrow(/^TLS_CERT_FILE and TLS_KEY_FILE must name a certificate and its key, both PEM \(.+\)\.$/)
})
