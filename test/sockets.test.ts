/**
 * Sockets to the outside are opened in few files, each of which judges where to (`base/outbound.ts`): whatever else opened
 * one could be made to call the machines around the server. What is imported is read from the sources themselves.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../src')
const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts')).toSorted()
const sources = await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const))

const network = 'http|https|http2|net|tls|dgram|dns|dns/promises|undici|ws|axios|got|node-fetch|nodemailer|openid-client'
const named = new RegExp(`^import (?!type )((?:(?! from )[^;])*?) from '(?:node:)?(${network})(?:/[^']*)?'`, 'gm')
/** What Node has, without an import: by name, or (`loaded`) as a whole. */
const taken = new RegExp(`\\{([^}]*)\\} = process\\.getBuiltinModule\\('(?:node:)?(${network})'\\)`, 'g')
const loaded = new RegExp(`(?<!\\} = process\\.)\\b(?:import|require|getBuiltinModule)\\('(?:node:)?(${network})(?:/[^']*)?'\\)`, 'g')

/** Names of values, as they are called where they come from. */
const valuesIn = (clause: string): string[] =>
  clause
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '))
    .map((name) => name.split(/ as |:/)[0] ?? '')

const opened = sources.flatMap(([file, text]) => [
  ...[...text.matchAll(named), ...text.matchAll(taken)].flatMap(([, clause = '', from]) =>
    valuesIn(clause).map((name) => `${file}: ${from} ${name}`),
  ),
  ...[...text.matchAll(loaded)].map(([, from]) => `${file}: ${from} loaded`),
  // What `jobs/call-out.ts` loads without an import, under the name that it hands it on by.
  ...(/\bplainRequest\b/.test(text) ? [`${file}: http plainRequest`] : []),
  ...(/(?<![\w.$])(?:fetch\(|new (?:WebSocket|EventSource)\()/.test(text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, ''))
    ? [`${file}: fetch`]
    : []),
])

/** What opens nothing: doors of our own, and words about addresses. */
const harmless =
  /: (http (createServer|STATUS_CODES)|https createServer|net (createServer|BlockList|isIP|isIPv4|isIPv6)|tls createSecureContext)$/

/** Mail goes to the one server that an operator has named; a client of OpenID Connect calls by whatever it is handed. */
const handed = /^jobs\/.+: nodemailer |^(auth|jobs)\/.+: openid-client /

it('lines to the outside are opened in the files that judge where to, and nowhere else', () => {
  expect(files.length).toBeGreaterThan(300)
  expect(opened.filter((one) => !harmless.test(one) && !handed.test(one))).toEqual([
    // Asks the server’s own address whether it is there.
    'cli/doctor.ts: fetch',
    'jobs/call-out.ts: dns lookup',
    'jobs/call-out.ts: https request',
    'jobs/call-out.ts: http request',
    'jobs/call-out.ts: http plainRequest',
    'jobs/fetch-out.ts: https request',
    'jobs/fetch-out.ts: http plainRequest',
  ])
})

it.each([
  ["import { request } from 'node:https'", ['x.ts: https request']],
  ["import net, { type Socket } from 'net'", ['x.ts: net net']],
  ["import * as tls from 'node:tls'", ['x.ts: tls *']],
  ["import {\n  connect,\n  isIP,\n} from 'node:net'", ['x.ts: net connect', 'x.ts: net isIP']],
  ["import type { Socket } from 'node:net'", []],
])('%j is seen for what it is', (text, expected) => {
  expect([...text.matchAll(named)].flatMap(([, clause = '', from]) => valuesIn(clause).map((name) => `x.ts: ${from} ${name}`))).toEqual(
    expected,
  )
})
