import { bodyBytesMax } from '../../src/base/limits.ts'
import { lineGroups, tooLongMark } from '../../src/fhir/ndjson.ts'
import { fc } from '../support/chance.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function linesOf(text: string, size: number): Promise<string[]> {
  const lines: string[] = []
  for await (const group of lineGroups(inPieces(new TextEncoder().encode(text), size))) {
    expect(group.first).toBe(lines.length + 1)
    lines.push(...group.lines)
  }
  return lines
}

describe('lines of NDJSON', () => {
  it('are the same wherever the bytes are cut, in the middle of a character too', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme' })), fc.integer({ min: 1, max: 9 }), async (texts, size) => {
        const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ' ').toWellFormed())
        expect(await linesOf(lines.map((line) => `${line}\n`).join(''), size)).toEqual(lines)
      }),
    )
  })

  it('may end in CR LF, and the last in nothing', async () => {
    expect(await linesOf('a\r\n\r\nb', 2)).toEqual(['a', '', 'b'])
  })

  it('that are too long for a resource are dropped and counted', async () => {
    const long = 'x'.repeat(bodyBytesMax + 1)
    expect(await linesOf(`a\n${long}${long}\nb\n${long}`, 65_536)).toEqual(['a', tooLongMark, 'b', tooLongMark])
  })

  it('come in groups of limited size', async () => {
    const sizes: number[] = []
    const bytes = new TextEncoder().encode(`${'y'.repeat(999)}\n`.repeat(10_000))
    for await (const { lines } of lineGroups(inPieces(bytes, 65_536))) sizes.push(lines.length)
    expect(Math.max(...sizes)).toBeLessThan(1_200)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(10_000)
  })
})
