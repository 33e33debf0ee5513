/** README and pages against the program: settings, commands, limits, scripts, addresses and links, in both directions. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as limits from '../../src/base/limits.ts'
import * as searchLimits from '../../src/base/search-limits.ts'
import * as signInLimits from '../../src/base/sign-in-limits.ts'
import * as subscriptionLimits from '../../src/base/subscription-limits.ts'
import { commands } from '../../src/cli/commands.ts'
import { settings } from '../../src/settings.ts'
import { code, deadLinks, page, pages, root, rows, section } from './markdown.ts'

const readme = page('README.md')

describe('the README', () => {
  it('has a row for each setting, with its default and meaning, and none besides', () => {
    const written = rows(section(readme, '## Settings')).map(([name = '', standard = '', meaning]) => ({
      name: code(name)[0],
      default: standard.replaceAll('`', ''),
      meaning,
    }))
    expect(written).toEqual(settings.map((setting) => ({ ...setting, default: setting.default.replaceAll('`', '') })))
  })

  it('has a row for each command, in its own words, and none besides', () => {
    const written = rows(section(readme, '## Commands')).map(([name = '', does]) => ({ name: code(name)[0], does }))
    expect(written).toEqual(commands.map(({ name, does }) => ({ name: `slotwise ${name}`, does })))
  })

  it('says the options of `slotwise token` as its help does', () => {
    const options = commands.find(({ name }) => name === 'token')?.options ?? {}
    const usage = Object.entries(options).map(([name, { value, required }]) => (required ? `--${name} ${value}` : `[--${name} ${value}]`))
    expect(readme).toContain(`slotwise token ${usage.join(' ')}`)
  })

  it('gives limits as they are', () => {
    const written = rows(section(readme, '## Limits')).map(([, value, name = '']) => [code(name)[0], Number(value)])
    const known = new Map<string, unknown>(Object.entries({ ...limits, ...searchLimits, ...signInLimits, ...subscriptionLimits }))
    expect(written.length).toBeGreaterThan(10)
    expect(written).toEqual(written.map(([name]) => [name, known.get(String(name))]))
  })

  it('leads to every page, and says what it is about', () => {
    const listed = rows(section(readme, '## What it does, and what it does not do yet')).map(([link = '']) => /\((.*)\)/.exec(link)?.[1])
    expect(listed).toEqual(expect.arrayContaining(pages().filter((name) => !name.startsWith('docs/decisions/') && name !== 'README.md')))
  })

  it('keeps the place of the speed figures', () => {
    const [, table = ''] = /<!-- bench -->\n([\s\S]*?)<!-- \/bench -->/.exec(readme) ?? []
    expect(table.split('\n')[0]).toBe('| measure | ours | limit | ratio |')
  })
})

describe('every page', () => {
  it.each(pages().filter((name) => name !== 'CHANGELOG.md' && !name.startsWith('docs/decisions/')))(
    '%s names only files that are there',
    (name) => {
      const files = code(page(name)).filter((word) => /^(src|test|migrations|fhir-profiles|scripts)\/[\w/.-]+\.\w+$/.test(word))
      expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
    },
  )

  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> }
  const builtIn = ['ci', 'start', 'test']

  it.each(pages())('%s names only scripts and commands that exist', (name) => {
    const text = page(name)
    const named = [...text.matchAll(/npm run ([a-z]+)/g)].map(([, script = '']) => script)
    const short = [...text.matchAll(/npm (start|test)\b/g)].map(([, script = '']) => script)
    expect([...named, ...short].filter((script) => !(script in scripts))).toEqual([])
    expect(
      [...text.matchAll(/`npm ([a-z]+)/g)].map(([, word = '']) => word).filter((word) => word !== 'run' && !builtIn.includes(word)),
    ).toEqual([])
    const typed = [...text.matchAll(/(?:npx |npm run |`|\$\()slotwise (?:-- )?([a-z]+(?: [a-z]+)?)/g)].map(([, words = '']) => words)
    const known = (words: string): boolean => commands.some(({ name }) => words === name || words.split(' ')[0] === name)
    expect(typed.filter((words) => !known(words))).toEqual([])
  })

  it.each(pages())('%s links only to what is there', (name) => {
    expect(deadLinks(name)).toEqual([])
  })

  it.each(pages())('%s names only files that are there', (name) => {
    const files = code(page(name)).filter((word) => /^(src|docs|test|fhir-profiles|migrations)\/[\w./-]+\.\w+$/.test(word))
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })
})

it('every npm script that a user may run is told somewhere', () => {
  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> }
  const all = pages().map(page).join('\n')
  const told = (script: string): boolean => all.includes(`npm run ${script}`) || all.includes(`npm ${script}`)
  const forDevelopers = ['definitions', 'tables']
  expect(Object.keys(scripts).filter((script) => !told(script) && !forDevelopers.includes(script))).toEqual([])
})
