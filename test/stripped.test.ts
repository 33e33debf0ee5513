import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What a program said, and whether what strips types was loaded into its process. */
async function started(folder: string): Promise<{ said: string; strips: boolean }> {
  const atEnd = `process.on('exit', () => console.log(process.moduleLoadList.some((name) => name.includes('amaro'))))`
  const { stdout } = await run(process.execPath, [`--import=data:text/javascript,${encodeURIComponent(atEnd)}`, 'bin/slotwise.mjs'], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  const [said = '', strips] = stdout.trim().split('\n')
  return { said, strips: strips === 'true' }
}

describe('the program without its types', () => {
  let folder: string
  const writeProgram = (word: string) => writeFile(join(folder, 'src/main.ts'), `const word: string = '${word}'\nconsole.log(word)\n`)
  const cache = () => join(folder, 'node_modules/.cache/slotwise')

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slotwise-stripped-'))
    await cp(join(import.meta.dirname, '../bin'), join(folder, 'bin'), { recursive: true })
    await cp(join(import.meta.dirname, '../package.json'), join(folder, 'package.json'))
    await cp(join(import.meta.dirname, '../src/base'), join(folder, 'src/base'), { recursive: true })
    await writeProgram('one')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is made by another process, at the first start and after a change', async () => {
    expect(await started(folder)).toEqual({ said: 'one', strips: false })
    const sources = (await readdir(join(folder, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts'))
    expect(await readdir(cache())).toHaveLength(sources.length)
    expect(await started(folder)).toEqual({ said: 'one', strips: false })
    await writeProgram('two')
    expect(await started(folder)).toEqual({ said: 'two', strips: false })
    expect(await readdir(cache())).toHaveLength(sources.length + 1)
  })

  it('is cleared away once no file says it any more; what another process may need or is making stays', async () => {
    await started(folder)
    const before = await readdir(cache())
    const present = ['made-just-now.mjs', 'v0.0.1-of-another-node.mjs'].map((name) => join(cache(), name))
    const [own = ''] = before
    const stale = [own.replace(/-.*/, '-nobody.mjs'), `${own}.4711`, 'v0.0.1-long-ago.mjs'].map((name) => join(cache(), name))
    const drafts = [join(cache(), `${own}.4712`)]
    for (const place of [...present, ...stale, ...drafts]) await writeFile(place, '')
    const daysAgo = (days: number): Date => new Date(Date.now() - days * 24 * 3_600_000)
    for (const name of before) await utimes(join(cache(), name), daysAgo(90), daysAgo(90))
    for (const [at, place] of stale.entries()) await utimes(place, daysAgo(at === 2 ? 31 : 1), daysAgo(at === 2 ? 31 : 1))
    await utimes(present[1] as string, daysAgo(1), daysAgo(1))
    expect(await started(folder)).toEqual({ said: 'one', strips: false })
    expect((await readdir(cache())).length).toBe(before.length + 6)
    await writeProgram('two')
    expect(await started(folder)).toEqual({ said: 'two', strips: false })
    const after = (await readdir(cache())).map((name) => join(cache(), name))
    expect(after).toEqual(expect.arrayContaining([...present, ...drafts]))
    for (const place of stale) expect(after).not.toContain(place)
    // Of the program that said one nothing is left; all else is as it was.
    expect(after.filter((place) => !present.includes(place) && !drafts.includes(place))).toHaveLength(before.length)
  })

  it('is made again where a power loss has left it empty', async () => {
    await started(folder)
    for (const name of await readdir(cache())) await writeFile(join(cache(), name), '')
    expect(await started(folder)).toEqual({ said: 'one', strips: false })
  })

  it('is made by several that start at once, each as if it were alone', async () => {
    const starts = await Promise.all(Array.from({ length: 4 }, () => started(folder)))
    expect(starts).toEqual(Array.from({ length: 4 }, () => ({ said: 'one', strips: false })))
    expect((await readdir(cache())).filter((name) => !name.endsWith('.mjs'))).toEqual([])
  })

  it('is stripped where it runs if nothing can be kept', async () => {
    await writeFile(join(folder, 'node_modules'), 'no folder')
    expect(await started(folder)).toEqual({ said: 'one', strips: true })
  })
})
