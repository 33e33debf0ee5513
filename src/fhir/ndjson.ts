/**
 * NDJSON taken apart: bytes to lines, many at a time, in constant memory. https://github.com/ndjson/ndjson-spec
 * Empty lines count and hold nothing. A line that is too long for any resource is dropped while it arrives, and told.
 */
import { importPartChars, importPartLines } from '../base/bulk-limits.ts'
import { bodyBytesMax } from '../base/limits.ts'

/** `tooLong` in place of a text that was not kept. */
export type Line = { readonly no: number; readonly text: string }

/** Stands for a line that was longer than a body may be: no JSON, so that nothing can be meant by it. */
export const tooLongMark = '#too-long'

type Cut = { first: number; lines: string[]; chars: number }

/** Lines in groups of about a megabyte, `first` being the number of the first, from 1. */
export async function* lineGroups(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<{ first: number; lines: string[] }> {
  const decoder = new TextDecoder('utf-8')
  let group: Cut = { first: 1, lines: [], chars: 0 }
  let rest = ''
  const take = (text: string): void => {
    group.lines.push(text.length > bodyBytesMax ? tooLongMark : text.endsWith('\r') ? text.slice(0, -1) : text)
    group.chars += text.length
  }
  for await (const chunk of bytes) {
    const pieces = decoder.decode(chunk, { stream: true }).split('\n')
    // What is too long already is kept only as far as it takes to know that.
    pieces[0] = rest.length > bodyBytesMax ? rest : rest + pieces[0]
    rest = pieces.pop() ?? ''
    for (const piece of pieces) take(piece)
    if (group.chars < importPartChars && group.lines.length < importPartLines) continue
    yield group
    group = { first: group.first + group.lines.length, lines: [], chars: 0 }
  }
  const last = rest + decoder.decode()
  if (last !== '') take(last)
  if (group.lines.length > 0) yield group
}
