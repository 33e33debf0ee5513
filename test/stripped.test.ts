import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
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
