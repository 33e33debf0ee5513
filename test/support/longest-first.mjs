/**
 * Jest begins with the largest file, which says little: a minute of faults stood in a small one, and ran last, alone, when every
 * other worker had nothing left to do. Where it knows of an earlier run how long each took, it goes by that for the rest.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Half a minute and more each, longest first. */
const long = [
  'interactions/fuzz',
  'proof/proof',
  'conformance/mutations',
  'interactions/leaks',
  'cli/bulk',
  'interactions/read-your-writes',
  'cli/commands',
  'cli/serve',
  'cli/sign-in-commands',
  'conformance/ours',
].map((name) => join(import.meta.dirname, '..', `${name}.test.ts`))

for (const file of long) if (!existsSync(file)) throw new Error(`${file} is no test any more: see longest-first.mjs.`)

const ofJest = createRequire(createRequire(import.meta.url).resolve('jest'))
const { default: Sequencer } = ofJest('@jest/test-sequencer')

const placeOf = ({ path }) => (long.includes(path) ? long.indexOf(path) : long.length)

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => placeOf(one) - placeOf(other))
  }
}
