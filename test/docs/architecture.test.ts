/** The table of rooms in docs/architecture.md against the one that dependency-cruiser holds. */
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { code, page, root, rows, section } from './markdown.ts'

type Rule = { readonly name: string; readonly to: { readonly pathNot?: readonly string[] } }

const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { readonly forbidden: readonly Rule[] }
const built = readdirSync(join(root, 'src'), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

/** Out of the pattern of what a room may import, itself among it. */
const allowedIn = ({ name, to }: Rule): [room: string, others: string[]] => {
  const room = name.slice('from-'.length)
  const all = /^\^src\/\(([a-z|]+)\)\/$/.exec(to.pathNot?.[0] ?? '')?.[1]?.split('|') ?? []
  return [room, all.filter((one) => one !== room && built.includes(one)).toSorted()]
}

it('each room that is built has its row, with the rooms that it may import, and no other has', () => {
  const held = forbidden.filter(({ name }) => name.startsWith('from-')).map(allowedIn)
  const told = rows(section(page('docs/architecture.md'), '## The rooms')).map(([room = '', , imports = '']): [string, string[]] => [
    code(room)[0] ?? '',
    code(imports).toSorted(),
  ])
  expect(told.map(([room]) => room).toSorted()).toEqual(built.toSorted())
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(held.filter(([room]) => built.includes(room))))
})
