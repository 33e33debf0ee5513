/**
 * `npm run conformance -- --base URL [--token T] [--report FILE]`: runs the checks against any FHIR base, prints a table,
 * writes a FHIR TestReport where asked. Exits 1 where a check fails.
 */
import { writeFile } from 'node:fs/promises'
import { argv, exit, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { type Check, checks } from './checks.ts'
import { type Client, client } from './client.ts'

export type Result = { readonly check: Check; readonly failure?: string }

export async function runChecks(call: Client): Promise<Result[]> {
  const results: Result[] = []
  for (const check of checks) {
    const failure = await check.run(call).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    results.push({ check, failure })
  }
  return results
}

export const table = (results: readonly Result[]): string =>
  results
    .map(({ check, failure }) => `${failure === undefined ? 'pass' : 'FAIL'}  ${check.name.padEnd(22)}${failure ?? check.requirement}`)
    .join('\n')

/** https://hl7.org/fhir/R4/testreport.html */
export function testReport(results: readonly Result[], base: string, issued: string): unknown {
  const passed = results.filter(({ failure }) => failure === undefined).length
  return {
    resourceType: 'TestReport',
    status: 'completed',
    testScript: { display: 'Slotwise conformance checks' },
    result: passed === results.length ? 'pass' : 'fail',
    score: Math.round((passed / results.length) * 100),
    issued,
    participant: [{ type: 'server', uri: base }],
    test: results.map(({ check, failure }) => ({
      name: check.name,
      description: check.requirement,
      action: [{ assert: { result: failure === undefined ? 'pass' : 'fail', ...(failure === undefined ? {} : { message: failure }) } }],
    })),
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: argv.slice(2),
    options: { base: { type: 'string' }, token: { type: 'string' }, report: { type: 'string' } },
  })
  if (values.base === undefined) {
    stdout.write('Usage: npm run conformance -- --base URL [--token T] [--report FILE]\n')
    exit(2)
  }
  const results = await runChecks(client(values.base, values.token))
  stdout.write(`${table(results)}\n`)
  if (values.report !== undefined)
    await writeFile(values.report, `${JSON.stringify(testReport(results, values.base, new Date().toISOString()), null, 2)}\n`)
  exit(results.every(({ failure }) => failure === undefined) ? 0 : 1)
}
