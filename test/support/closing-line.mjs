/** Closes a run with one plain line that a script can read: `12 passed, 0 failed`, and the skipped where there are any. */
import { writeSync } from 'node:fs'

export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const skipped = results.numPendingTests + results.numTodoTests
    // A file that could not be loaded has no tests to count, and is a failure all the same.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    // Jest's own summary and the teardown come after this; a script looks at the last line.
    process.once('exit', () => writeSync(1, `\n${line}\n`))
  }
}
