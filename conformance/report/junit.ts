/** The results for a build server: a testsuite a track, a testcase a check. */
import type { Result } from '../suite.ts'

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' }

/** What XML 1.0 cannot say at all is left out. */
const escaped = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll(/[&<>"\n]/g, (one) => escapes[one] ?? one)

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')

export function junit(results: readonly Result[], base: string, issued: string): string {
  const tracks = [...new Set(results.map(({ track }) => track))]
  const suites = tracks.map((name) => {
    const own = results.filter(({ track }) => track === name)
    return `  <testsuite${attributes({ name, hostname: base, timestamp: issued, ...sums(own) })}>\n${own.map(caseOf).join('')}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name: 'conformance', ...sums(results) })}>\n${suites.join('')}</testsuites>\n`
}

const sums = (results: readonly Result[]) => ({
  tests: results.length,
  failures: results.filter(({ verdict }) => verdict === 'fail').length,
  skipped: results.filter(({ verdict }) => verdict === 'skip').length,
  time: seconds(results.reduce((sum, { milliseconds }) => sum + milliseconds, 0)),
})

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(3)

function caseOf({ track, check, verdict, message = '', milliseconds }: Result): string {
  const open = `    <testcase${attributes({ classname: track, name: check.name, time: seconds(milliseconds) })}`
  if (verdict === 'pass') return `${open}/>\n`
  const inside = verdict === 'skip' ? 'skipped' : 'failure'
  return `${open}><${inside}${attributes({ message: verdict === 'skip' ? message : `${check.requirement}: ${message} (${check.clause})` })}/></testcase>\n`
}
