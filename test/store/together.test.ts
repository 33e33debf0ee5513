/** Those who ask at once are served together, and nobody gets another's answer. */

import { together } from '../../src/store/together.ts'
import { fc } from '../support/chance.ts'
import { eventually } from '../support/house.ts'

/** A run that ends when the test says so, and what it was asked. */
function runs() {
  const begun: { asks: readonly string[]; end: (answers?: readonly string[]) => void; fail: (error: Error) => void }[] = []
  const run = (asks: readonly string[]) =>
    new Promise<readonly string[]>((resolve, reject) => {
      begun.push({ asks, end: (answers = asks.map((ask) => ask.toUpperCase())) => resolve(answers), fail: reject })
    })
  return { begun, run }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
/** What was asked or ended in this turn of the event loop has had its effect. */
const settled = () => turn().then(turn)

describe('together', () => {
  it('serves those who ask in one turn of the event loop in one run, and those who come meanwhile in the next', async () => {
    const { begun, run } = runs()
    const ask = together({ lanes: 1, most: 10, run })
    const first = Promise.all(['a', 'b'].map(ask))
    await settled()
    const others = Promise.all(['c', 'd', 'e'].map(ask))
    await settled()
    expect(begun.map(({ asks }) => asks)).toEqual([['a', 'b']])
    begun[0]?.end()
    expect(await first).toEqual(['A', 'B'])
    await settled()
    expect(begun.map(({ asks }) => asks)).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ])
    begun[1]?.end()
    expect(await others).toEqual(['C', 'D', 'E'])
  })

  it('lets a failure reach those of its run alone', async () => {
    const { begun, run } = runs()
    const ask = together({ lanes: 1, most: 2, run })
    const answers = Promise.allSettled(['a', 'b', 'c', 'd'].map(ask))
    await settled()
    begun[0]?.fail(new Error('lost'))
    await settled()
    begun[1]?.end()
    expect((await answers).map((one) => (one.status === 'fulfilled' ? one.value : 'lost'))).toEqual(['lost', 'lost', 'C', 'D'])
  })

  it('keeps rivals apart and in their order, whoever asks in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (rivals, most) => {
          const seen: number[][] = []
          const ask = together<[number, number], number>({
            lanes: 1,
            most,
            run: async (asks) => {
              seen.push(asks.map(([, rival]) => rival))
              return asks.map(([at]) => at)
            },
            alone: ([, rival]) => [{ of: `rival ${rival}` }],
          })
          const order: number[] = []
          const answers = await Promise.all(
            rivals.map(async (rival, at) => {
              const answer = await ask([at, rival])
              order.push(at)
              return answer
            }),
          )
          expect(answers).toEqual(rivals.map((_, at) => at))
          for (const batch of seen) expect(new Set(batch).size).toBe(batch.length)
          for (const batch of seen) expect(batch.length).toBeLessThanOrEqual(most)
          for (const rival of new Set(rivals)) {
            const ofRival = order.filter((at) => rivals[at] === rival)
            expect(ofRival).toEqual([...ofRival].sort((a, b) => a - b))
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('parts those who use one thing at one time, and those alone', async () => {
    const { begun, run } = runs()
    const uses: Record<string, { of: string; from?: number; until?: number }[]> = {
      'ten to eleven': [{ of: 'room', from: 10, until: 11 }],
      'eleven to twelve': [{ of: 'room', from: 11, until: 12 }],
      'half past ten on': [{ of: 'room', from: 10.5, until: 11.5 }],
      'another room': [{ of: 'other room', from: 10, until: 12 }],
      'the whole day': [{ of: 'room' }],
      'after that': [{ of: 'room', from: 13, until: 14 }],
    }
    const ask = together<string, string>({ lanes: 1, most: 10, run, alone: (one) => uses[one] ?? [] })
    const answers = Promise.all(Object.keys(uses).map(ask))
    await settled()
    for (const _ of [1, 2, 3]) {
      begun.at(-1)?.end()
      await settled()
    }
    expect(begun.map(({ asks }) => asks)).toEqual([
      ['ten to eleven', 'eleven to twelve', 'another room'],
      ['half past ten on'],
      ['the whole day'],
      ['after that'],
    ])
    begun.at(-1)?.end()
    expect((await answers).length).toBe(6)
  })

  it('begins a second run for company, and for a few once they have waited', async () => {
    const { begun, run } = runs()
    const ask = together({ lanes: 2, most: 10, company: 3, run })
    const first = ask('a')
    await settled()
    const company = Promise.all(['b', 'c', 'd'].map(ask))
    await settled()
    expect(begun.map(({ asks }) => asks)).toEqual([['a'], ['b', 'c', 'd']])
    begun[1]?.end()
    expect(await company).toEqual(['B', 'C', 'D'])
    const late = ask('e')
    await eventually(60_000, async () => begun.length === 3)
    expect(begun.map(({ asks }) => asks)).toEqual([['a'], ['b', 'c', 'd'], ['e']])
    begun[2]?.end()
    expect(await late).toBe('E')
    begun[0]?.end()
    expect(await first).toBe('A')
  })
})
