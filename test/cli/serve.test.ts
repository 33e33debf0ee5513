import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Settings, slotwise, type Workplace, workplace } from '../support/program.ts'

const postmasterOf = (settings: Settings): Promise<string | undefined> =>
  readFile(join(settings.DATA_DIR ?? '', 'postgres', 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n')[0],
    () => undefined,
  )

describe('slotwise serve', () => {
  let place: Workplace
  let settings: Settings
  beforeEach(async () => {
    place = await workplace()
    settings = place.settings
  })
  afterEach(() => place.leave())

  it('is ready, prints lines to paste that work, and ends cleanly with its database', async () => {
    const server = await place.serve()
    expect((await fetch(`${server.origin}/health/ready`)).status).toBe(200)
    const said = server.said()
    expect(said).toContain(`FHIR base  ${server.origin}/fhir\n`)
    const token = /TOKEN=(\S+)/.exec(said)?.[1]
    const addresses = [...said.matchAll(/curl -s (?:-H \S+ \S+ \S+ )?'?(http[^'\s]+)/g)].map(([, address]) => address ?? '')
    expect(addresses).toHaveLength(3)
    const statuses = await Promise.all(
      addresses.map(async (address) => (await fetch(address, { headers: { authorization: `Bearer ${token}` } })).status),
    )
    expect(statuses).toEqual([200, 200, 200])
    expect((await fetch(`${server.origin}/fhir/Schedule`)).status).toBe(401)
    expect(await server.end('SIGINT')).toBe(0)
    expect(await postmasterOf(settings)).toBeUndefined()
  })

  it('refuses a second server on its DATA_DIR and works beside commands', async () => {
    const server = await place.serve()
    const second = await slotwise(['serve'], settings)
    expect(second.code).toBe(1)
    expect(second.err).toContain(`already running on ${settings.DATA_DIR}`)
    const { out } = await slotwise(['token', '--scope', 'system/*.rs'], settings)
    const answer = await fetch(`${server.origin}/fhir/Patient?_count=1`, { headers: { authorization: `Bearer ${out.trim()}` } })
    expect(answer.status).toBe(200)
    expect(await server.end()).toBe(0)
  })

  it('says so when its port is taken, and leaves no database behind', async () => {
    const other = await workplace()
    const server = await place.serve()
    const { code, err } = await slotwise(['serve'], { ...other.settings, PORT: settings.PORT ?? '' })
    expect(code).toBe(1)
    expect(err).toContain(`127.0.0.1:${settings.PORT} is taken`)
    expect(await postmasterOf(other.settings)).toBeUndefined()
    await server.end()
    await other.leave()
  })

  it('adopts the database of a server that was killed', async () => {
    const killed = await place.serve()
    const postmaster = await postmasterOf(settings)
    await killed.end('SIGKILL')
    expect(await postmasterOf(settings)).toBe(postmaster)
    const server = await place.serve()
    expect(await postmasterOf(settings)).toBe(postmaster)
    expect(await server.end()).toBe(0)
    expect(await postmasterOf(settings)).toBeUndefined()
  })

  it('answers from several processes with WORKERS', async () => {
    const server = await place.serve({ WORKERS: '2' })
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${server.origin}/fhir/metadata`)).status))
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(await server.end()).toBe(0)
    await expect(fetch(`${server.origin}/health/live`)).rejects.toThrow()
  })
})
