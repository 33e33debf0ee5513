/**
 * Whether resources conform that ask for each other at will, compared with what they conform by definition: refused is who is
 * wrong and, round after round until nobody is added, whoever asks for one that is refused.
 */
import { noVerdicts, verdictOf } from '../../../../src/fhir/validate/profiles/verdicts.ts'
import { fc } from '../../../support/chance.ts'

type Node = { readonly wrong: boolean; readonly asks: readonly number[] }

const nodes = (size: number): fc.Arbitrary<Node[]> => {
  const one = fc.record({
    // Few, or nearly everybody is refused.
    wrong: fc.integer({ min: 0, max: 4 }).map((drawn) => drawn === 0),
    asks: fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }),
  })
  return fc.array(one, { minLength: size, maxLength: size })
}

const graphs = fc.integer({ min: 3, max: 7 }).chain(nodes)

function conforming(graph: readonly Node[]): boolean[] {
  const conforms = graph.map(({ wrong }) => !wrong)
  for (const _ of graph) for (const [at, { asks }] of graph.entries()) if (asks.some((asked) => !conforms[asked])) conforms[at] = false
  return conforms
}

/** Asks for each node in turn, as one validation does, by what it has found already. */
function judged(graph: readonly Node[]): boolean[] {
  const verdicts = noVerdicts()
  const values = graph.map(() => ({}))
  const refused = (at: number): boolean =>
    verdictOf(verdicts, 'p', values[at] as Record<string, unknown>, () => {
      const { wrong, asks } = graph[at] as Node
      // Each is asked, whatever was found of the one before it.
      const answers = asks.map((asked) => refused(asked))
      return !wrong && !answers.includes(true)
    }) === false
  return graph.map((_, at) => !refused(at))
}

it('is refused for whoever is wrong or leads to one that is, and for nobody else', () => {
  fc.assert(
    fc.property(graphs, (graph) => expect(judged(graph)).toEqual(conforming(graph))),
    { numRuns: 5_000 },
  )
})
