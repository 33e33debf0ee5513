import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemIds } from '../../src/base/ids.ts'
import { type EmbeddedRole, openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { testFolder } from '../support/test-folder.ts'

const said: string[] = []
const open = (folder: string, role: EmbeddedRole = 'server') =>
  openEmbedded(folder, { role, ids: systemIds, warn: (what) => said.push(what), settings: { shared_buffers: '16MB' } })

async function ask<Row>(url: string, text: string): Promise<Row[]> {
  const pool = openPool(url, { max: 1 })
  try {
    return await pool.query<Row>({ text, values: [] })
  } finally {
    await pool.end()
  }
}

const postmasterOf = async (folder: string): Promise<number | undefined> => {
  const text = await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number.parseInt(text, 10)
}

/** Another process that opens the database, says so, and stays until it is killed. */
async function another(folder: string, role: EmbeddedRole): Promise<ChildProcess> {
  const source = `
    import { systemIds } from ${JSON.stringify(import.meta.resolve('../../src/base/ids.ts'))}
    import { openEmbedded } from ${JSON.stringify(import.meta.resolve('../../src/store/embedded.ts'))}
    await openEmbedded(${JSON.stringify(folder)}, { role: '${role}', ids: systemIds, warn() {}, settings: { shared_buffers: '16MB' } })
    console.log('open')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve)
    child.once('exit', () => reject(new Error('the other process ended before it had the database')))
  })
  return child
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

describe('the embedded Postgres', () => {
  let folder: string
  beforeEach(async () => {
    // A folder that only its owner may pass, as a home folder or a fresh temporary one is.
    folder = join(await mkdtemp(join(testFolder, `slotwise-embedded-${process.pid}-`)), 'data')
  })
  afterEach(() => rm(join(folder, '..'), { recursive: true, force: true, maxRetries: 5 }))

  it('keeps its data and its address from one start to the next, and stops when nobody is left', async () => {
    const first = await open(folder)
    await ask(first.url, 'create table kept as select 42 as n')
    await first.close()
    expect(await postmasterOf(folder)).toBeUndefined()
    const second = await open(folder)
    expect(second.url).toBe(first.url)
    expect(await ask(second.url, 'select n from kept')).toEqual([{ n: 42 }])
    await second.close()
  })

  it('listens on the loopback address alone and lets nobody in without the password', async () => {
    const { url, close } = await open(folder)
    expect(await ask(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow(/password/)
    expect((await stat(join(folder, 'postgres.json'))).mode & 0o077).toBe(0)
    await close()
  })

  it('refuses a second server, and says on which folder', async () => {
    const { close } = await open(folder)
    await expect(open(folder)).rejects.toThrow(`already running on ${folder}`)
    await close()
  })

  it('is one database when two processes start it for the first time at once', async () => {
    const [a, b] = await Promise.all([open(folder, 'guest'), open(folder, 'guest')])
    expect(a.url).toBe(b.url)
    expect((await readdir(folder)).toSorted()).toEqual(['postgres', 'postgres.json', 'postgres.log'])
    await Promise.all([a.close(), b.close()])
    expect(await postmasterOf(folder)).toBeUndefined()
  })

  it('outlives a command that started it for as long as a server needs it', async () => {
    const command = await open(folder, 'guest')
    const server = await open(folder)
    await command.close()
    expect(await ask(server.url, 'select 1 as n')).toEqual([{ n: 1 }])
    await server.close()
    expect(await postmasterOf(folder)).toBeUndefined()
  })

  it('is adopted after its server was killed', async () => {
    const server = await another(folder, 'server')
    const postmaster = await postmasterOf(folder)
    await killed(server)
    const next = await open(folder)
    expect(await postmasterOf(folder)).toBe(postmaster)
    await next.close()
    expect(await postmasterOf(folder)).toBeUndefined()
  })

  it('starts again with everything that was committed after both were killed', async () => {
    const server = await another(folder, 'server')
    const guest = await open(folder, 'guest')
    await ask(guest.url, 'create table kept as select 42 as n')
    await killed(server)
    process.kill((await postmasterOf(folder)) ?? 0, 'SIGKILL')
    await guest.close()
    const next = await open(folder)
    expect(await ask(next.url, 'select n from kept')).toEqual([{ n: 42 }])
    await next.close()
  })

  it('is brought back, at the same address, when it is killed under a running server', async () => {
    const { url, close } = await open(folder)
    await ask(url, 'create table kept as select 42 as n')
    const before = await postmasterOf(folder)
    process.kill(before ?? 0, 'SIGKILL')
    expect(await answered(url)).toEqual([{ n: 42 }])
    expect(await postmasterOf(folder)).not.toBe(before)
    expect(said.join()).toMatch(/starting it again/)
    await close()
    expect(await postmasterOf(folder)).toBeUndefined()
  })

  it('is left by a server that closes while it is brought back', async () => {
    const { url, close } = await open(folder)
    const before = said.length
    process.kill((await postmasterOf(folder)) ?? 0, 'SIGKILL')
    while (said.length === before) await sleep(5)
    await close()
    expect(await postmasterOf(folder)).toBeUndefined()
    await expect(ask(url, 'select 1')).rejects.toThrow()
  })
})

async function answered(url: string): Promise<unknown> {
  for (;;) {
    const rows = await ask(url, 'select n from kept').catch(() => undefined)
    if (rows) return rows
    await sleep(50)
  }
}
