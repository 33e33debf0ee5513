/** The pages that users read, taken apart: sections, tables, links, blocks of code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export const page = (name: string): string => readFileSync(join(root, name), 'utf8')

/** README, CHANGELOG, CONTRIBUTING and everything under docs. */
export function pages(): string[] {
  const under = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', ...under.map((name) => `docs/${name.replaceAll('\\', '/')}`)]
}

/** What stands under a heading, up to the next of its level or a higher one. */
export function section(text: string, heading: string): string {
  const lines = text.split('\n')
  const start = lines.indexOf(heading)
  if (start < 0) throw new Error(`There is no heading "${heading}".`)
  const level = heading.indexOf(' ')
  const ends = new RegExp(`^#{1,${level}} `)
  const end = lines.findIndex((line, at) => at > start && ends.test(line))
  return lines.slice(start + 1, end < 0 ? undefined : end).join('\n')
}

/** The cells of every row of the first table in the text, without its head. */
export function rows(text: string): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => /^\|[-| ]+\|$/.test(line))
  const rest = start < 0 ? [] : lines.slice(start + 1)
  const end = rest.findIndex((line) => !line.startsWith('|'))
  return rest.slice(0, end < 0 ? undefined : end).map((line) =>
    line
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}

/** The words in backticks. */
export const code = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

export type Block = { readonly language: string; readonly text: string }

export const blocks = (text: string): Block[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({ language, text: body }))

/** Relative links of a page that lead nowhere, to a file or to a heading. */
export function deadLinks(name: string): string[] {
  const links = [...page(name).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !/^[a-z]+:/.test(link) && !resolves(name, link))
}

function resolves(name: string, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? join(root, name) : join(root, dirname(name), path)
  if (!existsSync(file)) return false
  return anchor === undefined || anchors(relative(root, file)).includes(anchor)
}

/** As GitHub makes them. */
const anchors = (name: string): string[] =>
  [...page(name).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
