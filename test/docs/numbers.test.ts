/** What is numbered is numbered once, without a gap: two changes that took the same next number must not both stand. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const numbersIn = (folder: string): number[] =>
  readdirSync(join(root, folder))
    .flatMap((name) => /^(\d{4})-/.exec(name)?.[1] ?? [])
    .map(Number)

it.each(['migrations', 'docs/decisions'])('%s are numbered from 1, each number once', (folder) => {
  const numbers = numbersIn(folder)
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, at) => at + 1))
})
