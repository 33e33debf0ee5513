/** Primitive patterns as the server has them: anchored, and linear in the length of what they are given. */
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'

const { primitives } = loadDefinitions()

describe('primitive patterns', () => {
  it.each([
    ['id', 'a-1.B', true],
    ['id', 'a b', false],
    ['id', 'x'.repeat(65), false],
    ['date', '2026-02', true],
    ['date', '2026-02-1', false],
    ['date', ' 2026-02-01', false],
    ['instant', '2026-03-01T09:00:00Z', true],
    ['instant', '2026-03-01T09:00:00', false],
    ['instant', '2026-03-01T09:00:00Z\n', false],
    ['oid', 'urn:oid:1.2.3', true],
    ['oid', 'urn:oid:3.2', false],
    ['string', 'an\u00a0ordinary\nline', true],
    ['string', 'a\u0000b', false],
    ['markdown', '\u00a0', true],
  ])('%s %j: %s', (type, text, expected) => {
    expect(primitives.get(type)?.test(text)).toBe(expected)
  })

  it('answer at once for megabytes that almost match', () => {
    const started = performance.now()
    for (const pattern of primitives.values()) {
      for (const text of ['AAAA ', 'a ', ' ', '1', 'A=']) pattern.test(`${text.repeat(1_000_000 / text.length)}\u0001`)
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
