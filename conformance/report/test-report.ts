/** The results as FHIR says them: a test a check, with the clause as its link. https://hl7.org/fhir/R4/testreport.html */
import type { Result } from '../suite.ts'

export function testReport(results: readonly Result[], base: string, issued: string): object {
  const count = (verdict: Result['verdict']): number => results.filter((one) => one.verdict === verdict).length
  const judged = count('pass') + count('fail')
  return {
    resourceType: 'TestReport',
    status: 'completed',
    testScript: { display: 'Slotwise conformance suite' },
    result: judged > 0 && count('fail') === 0 ? 'pass' : 'fail',
    score: judged === 0 ? 0 : Math.round((count('pass') / judged) * 100),
    tester: 'Slotwise conformance suite',
    issued,
    participant: [
      { type: 'test-engine', uri: 'https://slotwise.org/fhir' },
      { type: 'server', uri: base },
    ],
    ...(results.length > 0 && { test: results.map(testOf) }),
  }
}

const testOf = ({ track, check, verdict, message = '' }: Result): object => ({
  name: `${track}/${check.name}`,
  description: check.requirement,
  action: [{ assert: { result: verdict, ...(told(message) !== '' && { message: told(message) }), detail: check.clause } }],
})

/** What came instead may hold anything; a string of FHIR holds no control characters, and is not empty. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const told = (message: string): string => message.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '').trim()
