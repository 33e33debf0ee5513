/**
 * A SMART app of somebody else's making, at an address of its own: `fhirclient`, in Node behind `/launch` and `/app`, and in a
 * browser behind `/web/launch` and `/web/app`.
 */
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import fhirclient from 'fhirclient'
import type { Loose } from '../interactions/rest.ts'

export type SmartApp = {
  readonly origin: string
  /** What the app knows once it is open: the last one. */
  readonly seen: () => Loose
  readonly close: () => Promise<void>
}

export type SmartAppOptions = { readonly client: string; readonly scope: string; readonly iss: string }

const bundle = (): string => readFileSync(createRequire(import.meta.url).resolve('fhirclient/build/fhir-client.js'), 'utf8')

export async function smartApp(options: SmartAppOptions): Promise<SmartApp> {
  const kept = new Map<string, unknown>()
  const storage = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: unknown) => {
      kept.set(key, value)
      return value
    },
    unset: async (key: string) => kept.delete(key),
  }
  const state: { seen?: unknown } = {}
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0]
    const smart = (fhirclient as Loose)(request, response, storage)
    if (path === '/launch') return smart.authorize({ ...asked(options, request), redirectUri: `${origin}/app` })
    if (path === '/app') {
      state.seen = await whatIsSeen(await smart.ready())
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><html lang="en"><body><p id="done">The app is open.</p></body></html>')
      return
    }
    if (path === '/fhir-client.js') return void response.setHeader('content-type', 'text/javascript').end(bundle())
    if (path === '/web/launch') return void response.setHeader('content-type', 'text/html').end(launchPage(options, `${origin}/web/app`))
    if (path === '/web/app') return void response.setHeader('content-type', 'text/html').end(appPage)
    response.writeHead(404).end()
  }
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      state.seen = { failed: String(error) }
      response.writeHead(500).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    seen: () => state.seen,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

/** Opened by an EHR the app is told where and why; by itself it knows its server. */
function asked({ client, scope, iss }: SmartAppOptions, { url = '' }: IncomingMessage): object {
  const query = new URLSearchParams(url.split('?')[1])
  const launch = query.get('launch')
  return {
    clientId: client,
    scope: launch ? scope.replace('launch/patient', 'launch') : scope,
    iss: query.get('iss') ?? iss,
    ...(launch ? { launch } : {}),
  }
}

async function whatIsSeen(client: Loose): Promise<unknown> {
  const patient = await client.patient.read()
  const before = client.state.tokenResponse.access_token
  const refreshed = (await client.refresh()).tokenResponse
  const again = await client.patient.read()
  return {
    patient: patient.id,
    user: client.user.fhirUser,
    scope: refreshed.scope,
    isNewToken: before !== refreshed.access_token,
    again: again.id,
    launched: client.state.tokenResponse.fhirContext,
  }
}

const launchPage = ({ client, scope, iss }: SmartAppOptions, redirectUri: string): string => `<!doctype html><html lang="en"><body>
<script src="/fhir-client.js"></script>
<script>
const launch = new URLSearchParams(location.search).get('launch')
FHIR.oauth2.authorize({ clientId: ${JSON.stringify(client)}, redirectUri: ${JSON.stringify(redirectUri)},
  scope: launch ? ${JSON.stringify(scope.replace('launch/patient', 'launch'))} : ${JSON.stringify(scope)},
  ...(launch ? {} : { iss: ${JSON.stringify(iss)} }) }).catch((error) => { document.body.textContent = 'failed: ' + error })
</script></body></html>`

const appPage = `<!doctype html><html lang="en"><body><pre id="seen"></pre>
<script src="/fhir-client.js"></script>
<script>
${whatIsSeen.toString()}
FHIR.oauth2.ready().then(whatIsSeen).then((seen) => { document.getElementById('seen').textContent = JSON.stringify(seen) })
  .catch((error) => { document.getElementById('seen').textContent = JSON.stringify({ failed: String(error) }) })
</script></body></html>`
