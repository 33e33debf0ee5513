import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { linkLibraries } from '../../src/store/postgres-binaries.ts'
import { testFolder } from '../support/test-folder.ts'

it('libraries get their names where no install script has run, and keep them where one has', async () => {
  const folder = await mkdtemp(join(testFolder, 'slotwise-links-'))
  const lib = join(folder, 'native', 'lib')
  await mkdir(lib, { recursive: true })
  await linkLibraries(folder)
  await writeFile(join(lib, 'libx.so.1.2'), 'x')
  await writeFile(join(lib, 'liby.so'), 'y')
  const links = ['libx.so', 'libx.so.1', 'liby.so'].map((name) => ({ source: 'native/lib/libx.so.1.2', target: `native/lib/${name}` }))
  await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links))
  for (let n = 0; n < 2; n++) await linkLibraries(folder)
  const texts = await Promise.all(links.map(({ target }) => readFile(join(folder, target), 'utf8')))
  expect(texts).toEqual(['x', 'x', 'y'])
  await rm(folder, { recursive: true })
})
