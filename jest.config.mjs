/**
 * Tests run as ESM TypeScript with no build: Node strips the types (test/support/transform.mjs).
 * Postgres is started by the first test file that asks for a database (test/support/database.ts) and stopped at the end.
 *
 * `npm test` switches V8's compilation cache off: it keeps what each test file has compiled, 14 MB a file, for ones that are
 * over. Workers grew to 2.2 GB, and collecting it was a quarter of what the machine did; now they keep 64 MB. What is worth
 * keeping is kept by test/support/compiled-once.mjs.
 */

import { availableParallelism } from 'node:os'

// Both warnings come from the two flags that this setup is made of; they tell a reader nothing. Workers inherit NODE_OPTIONS.
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --disable-warning=ExperimentalWarning`.trim()
const warn = process.emitWarning.bind(process)
process.emitWarning = (warning, ...rest) => {
  const type = typeof rest[0] === 'object' ? rest[0]?.type : rest[0]
  if (type !== 'ExperimentalWarning') warn(warning, ...rest)
}

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/transform.mjs' },
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  setupFiles: ['<rootDir>/test/support/fetch-dispatcher.mjs', '<rootDir>/test/support/stack-traces.mjs'],
  reporters: ['default', '<rootDir>/test/support/closing-line.mjs'],
  // A file waits for Postgres, servers and clocks for half of its time; one more than there are cores fills that.
  maxWorkers: availableParallelism() + 1,
  // The first test to ask for a database waits for initdb and every migration, and a busy machine is slow at everything.
  testTimeout: 120_000,
  watchman: false,
}
