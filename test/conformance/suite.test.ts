/** The checks themselves: named after their clauses, none passes without the server doing something, and what is written of them. */
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DOMParser } from '@xmldom/xmldom'
import { Fhir } from 'fhir'
import { formsOf } from '../../conformance/form.ts'
import { junit } from '../../conformance/report/junit.ts'
import { table } from '../../conformance/report/table.ts'
import { testReport } from '../../conformance/report/test-report.ts'
import type { SmartOptions } from '../../conformance/smart-options.ts'
import { conformance, type Result } from '../../conformance/suite.ts'
import { tracks } from '../../conformance/tracks.ts'
import { capabilityStatement } from '../../src/fhir/capability-statement.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { validate } from '../../src/fhir/validate/validate.ts'
import { servedOperations } from '../../src/http/routes.ts'
import { page, rows, section } from '../docs/markdown.ts'
import { profiles } from '../http/door.ts'

const checks = tracks.flatMap(({ name, checks }) => checks.map((check) => ({ track: name, check })))
const definitions = loadDefinitions()
const served = { base: 'http://x/fhir', version: '1', date: '2026-01-01T00:00:00Z', operations: servedOperations(), profiles }
const statement = JSON.stringify(capabilityStatement(definitions, served))

const key = { kty: 'EC', kid: 'x', alg: 'ES384' }
const app = { client_id: 'x', redirect_uri: 'https://app.example/back', scope: 'openid offline_access patient/*.rs' }
const smart: SmartOptions = {
  apps: [app, { ...app, client_secret: 'x' }, { ...app, key }],
  sign_in: [{ login: 'x' }],
  ehr: { launch: 'x', scope: 'launch' },
  program: { client_id: 'x', key, scope: 'system/*.rs' },
}

/** A server that answers everything but `metadata` in one way, and what the suite says of it. */
async function against(answer: RequestListener): Promise<Result[]> {
  const server = createServer((request, response) =>
    request.url === '/metadata' && request.method === 'GET' ? response.end(statement) : answer(request, response),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const results = await conformance({ base, options: { receiver: '127.0.0.1', slotToken: 'x', patientToken: 'y', patient: 'z', smart } })
  server.closeAllConnections()
  server.close()
  return results
}

/** They ask for metadata and no more. */
const ofMetadata = ['capabilities.statement', 'capabilities.open']
const passed = (results: readonly Result[]): string[] =>
  results.filter(({ verdict, check }) => verdict === 'pass' && !ofMetadata.includes(check.name)).map(({ check }) => check.name)

describe('each check', () => {
  it('has a name of its own, which its clause or a public list gives it', () => {
    const names = checks.map(({ check }) => check.name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    for (const { check } of checks) {
      expect([check.name, check.clause]).toEqual([check.name, expect.stringMatching(/^https?:\/\/\S+$/)])
      const [, said = ''] = /^([\w-]+)\.[\w-]+$/.exec(check.name) ?? []
      const given = [check.clause, ...(check.ids ?? [])].some((one) => one.toLowerCase().includes(said.toLowerCase()))
      expect([check.name, said !== '' && (given || check.ids?.includes(said.split('-')[0] ?? '') === true)]).toEqual([check.name, true])
    }
  })

  it('fails against a server that says yes to everything', async () => {
    expect(passed(await against((_, response) => response.end('{}')))).toEqual([])
  })

  it('fails against an authorization server that says yes to everything, and one that says no', async () => {
    const ofLaunches = new RegExp(
      `^(${['obtain', 'considerations', 'client', 'rfc', 'launch', 'refresh', 'token', 'signature'].join('|')})`,
    )
    for (const status of [200, 400]) {
      const results = await against((request, response) => {
        const base = `http://${request.headers.host}`
        const all = ['authorization', 'token', 'introspection', 'revocation'].map((name) => [`${name}_endpoint`, `${base}/${name}`])
        const told = { ...Object.fromEntries(all), issuer: base, jwks_uri: `${base}/keys`, capabilities: ['authorize-post'] }
        const isTold = request.url?.endsWith('smart-configuration') === true
        response.writeHead(isTold ? 200 : status, { 'content-type': 'application/json' }).end(isTold ? JSON.stringify(told) : '{}')
      })
      const refused = ['obtain-authorization-code.no-stranger', 'token-introspection.closed']
      const refusals = [
        ...refused,
        'considerations-for-pkce-support.s256',
        'obtain-authorization-code.audience',
        'obtain-authorization-code.state',
        'obtain-authorization-code.redirect-uri',
        'launch-app-ehr-launch.unknown',
      ]
      const own = results.filter(({ check, verdict }) => verdict !== 'skip' && ofLaunches.test(check.name))
      expect(own.length).toBeGreaterThan(15)
      expect(passed(own).filter((name) => status === 200 || !refusals.includes(name))).toEqual([])
    }
  })

  it('fails against a server that refuses everything, for all its OperationOutcomes', async () => {
    const outcome = JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'not-found' }] })
    const results = await against((_, response) => response.writeHead(404, { 'content-type': 'application/fhir+json' }).end(outcome))
    const refusals = ['read.unknown', 'search.unknown-type', 'summary.method-not-allowed', 'history.missing', 'delete.unknown']
    expect(passed(results).filter((name) => !refusals.includes(name))).toEqual([])
  })
})

describe('a form of a page', () => {
  const url = 'https://login.example/a/b?c'
  const forms = formsOf(
    `<form action='/done?x=1&amp;y=2' method=POST><input type=hidden name=csrf value="a&quot;b&#x27;"><INPUT NAME="user">
<textarea name="note"></textarea><button name="do" value="yes">Yes</button><button name="do" value="no">No</button></form>
<form><input type="radio" name="who" value="1"><input type="radio" name="who" value="2" checked>
<select name="role"><option value="a">A</option><option value="b" selected>B</option></select><input type="checkbox" name="keep"></form>`,
    url,
  )

  it('leads where it says, with what it hides and what is chosen', () => {
    expect(forms.map(({ action, method, fields }) => [action, method, fields])).toEqual([
      ['https://login.example/done?x=1&y=2', 'POST', { csrf: 'a"b\'', user: '', note: '' }],
      [url, 'GET', { who: '2', role: 'b' }],
    ])
  })

  it.each([
    [0, { user: 'ana', do: 'yes' }, true],
    [0, { user: 'ana', do: 'maybe' }, false],
    [0, { login: 'ana' }, false],
    [0, { csrf: 'x' }, false],
    [1, { who: '1', role: 'a', keep: 'on' }, true],
    [1, { who: '3' }, false],
    [1, {}, true],
  ])('%i takes %j: %s', (at, typed, taken) => {
    expect(forms[at]?.takes(typed as Record<string, string>)).toBe(taken)
  })
})

describe('the reports', () => {
  const [first, second, third] = checks.map(({ check }) => check) as [Result['check'], Result['check'], Result['check']]
  const results: Result[] = [
    { track: 'rest', check: first, verdict: 'pass', milliseconds: 1 },
    { track: 'rest', check: second, verdict: 'fail', message: '500 <"instead"> of 200 &\u0000 more', milliseconds: 1500 },
    { track: 'smart', check: third, verdict: 'skip', message: 'not declared', milliseconds: 0 },
  ]

  it('a table sums each track up', () => {
    const lines = table(results).split('\n')
    expect(lines[0]).toBe('rest: 1 passed, 1 failed, 0 skipped')
    expect(lines[2]).toMatch(/^ {2}FAIL {2}\S+ +500 </)
    expect(lines[3]).toBe('smart: 0 passed, 0 failed, 1 skipped')
  })

  it('a TestReport is valid FHIR and scores what was judged', () => {
    const report = testReport(results, 'http://x/fhir', '2026-01-01T00:00:00Z')
    expect(new Fhir().validate(report).messages).toEqual([])
    expect(validate(definitions, report)).toEqual([])
    expect(validate(definitions, testReport([{ ...results[0], message: '\u0001 ' } as Result], 'x', '2026-01-01T00:00:00Z'))).toEqual([])
    expect(report).toMatchObject({ resourceType: 'TestReport', result: 'fail', score: 50 })
    expect(testReport(results.slice(0, 1), 'x', '2026-01-01T00:00:00Z')).toMatchObject({ result: 'pass', score: 100 })
    expect(testReport([], 'x', '2026-01-01T00:00:00Z')).toMatchObject({ result: 'fail' })
  })

  it('a JUnit file is XML, with a failure and a skip in their places', () => {
    const xml = new DOMParser().parseFromString(junit(results, 'http://x/fhir?a=1&b=2', '2026-01-01T00:00:00Z'), 'text/xml')
    const all = (name: string) => [...xml.getElementsByTagName(name)]
    expect(all('testsuite').map((one) => [one.getAttribute('tests'), one.getAttribute('failures'), one.getAttribute('skipped')])).toEqual([
      ['2', '1', '0'],
      ['1', '0', '1'],
    ])
    expect(all('failure')[0]?.getAttribute('message')).toContain('500 <"instead"> of 200 & more')
    expect(all('testcase').map((one) => one.getAttribute('name'))).toEqual([first.name, second.name, third.name])
  })
})

describe('a run', () => {
  it('takes a track, a name, the beginning of one, or the id of a public list', async () => {
    const base = 'http://127.0.0.1:9'
    const named = async (run: object) => (await conformance({ base, ...run })).map(({ check }) => check.name)
    expect(await named({ track: ['history'], only: ['vread'] })).toEqual(['vread.versions', 'vread.deletion'])
    expect(await named({ only: ['X010'] })).toEqual(['create.created'])
    expect(await named({ only: ['create.created', 'HI04'] })).toEqual(['create.created', 'history.missing'])
    expect(await named({ only: ['nothing'] })).toEqual([])
  })
})

describe('docs/conformance.md', () => {
  it('has a row for each track, and for each option', () => {
    const text = page('docs/conformance.md')
    expect(rows(section(text, '## Tracks')).map(([name]) => name)).toEqual(tracks.map(({ name }) => `\`${name}\``))
    const [, usage = ''] = /const usage = `([^`]+)`/.exec(page('conformance/run.ts')) ?? []
    const options = [...new Set([...usage.matchAll(/(?<=^ {2}|[ [])--[a-z-]+/gm)].map(([option]) => option))]
    const told = rows(text).flatMap(([cell = '']) => [...cell.matchAll(/`(--[a-z-]+)/g)].map(([, option]) => option))
    expect(told.toSorted()).toEqual(options.toSorted())
  })
})
