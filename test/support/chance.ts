/**
 * fast-check with one seed for all: a property is tried with the same examples on each machine and each day, so that a commit
 * is green or it is red. `TEST_SEED` draws others; what such a run finds becomes an example of its own.
 */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(process.env.TEST_SEED ?? 20_261_123) })

export { fc }
