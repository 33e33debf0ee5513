/** docs/complaints.md: each complaint names a test of ours, and that test is there. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const project = join(import.meta.dirname, '../..')
const page = await readFile(join(project, 'docs/complaints.md'), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| complaint'))
  .map((line) => line.slice(2, -2).split(' | '))

it('names a test for every complaint', () => {
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter((cells) => cells.length !== 3)).toEqual([])
})

it.each(rows.map(([complaint = '', , answer = '']) => [complaint, answer]))('%s', async (_, answer) => {
  const [, label, target, name = ''] = /^\[([^\]]+)\]\(\.\.\/([^)]+)\): (.+)$/.exec(answer) ?? []
  expect(label).toBe(target)
  const text = (await readFile(join(project, target ?? ''), 'utf8')).replaceAll(/\(\s+/g, '(')
  expect(["'", '"', '`'].some((quote) => text.includes(`(${quote}${name}${quote}`))).toBe(true)
})
