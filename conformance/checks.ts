/**
 * What a FHIR R4 server that schedules must do, as black-box checks over HTTP: each says its requirement and throws what it
 * met instead. They know nothing of Slotwise and leave behind nothing but deleted resources.
 * https://hl7.org/fhir/R4/http.html
 */
import type { Answer, Client } from './client.ts'

export type Check = { readonly name: string; readonly requirement: string; readonly run: (client: Client) => Promise<void> }

const patient = (family: string) => ({ resourceType: 'Patient', name: [{ family, given: ['Conformance'] }], birthDate: '1980-02-29' })

function expect(answer: Answer, status: number | readonly number[], what: string): void {
  const statuses = typeof status === 'number' ? [status] : status
  if (!statuses.includes(answer.status)) throw new Error(`${what}: ${answer.status} instead of ${statuses.join(' or ')}`)
}

function same(actual: unknown, wanted: unknown, what: string): void {
  if (JSON.stringify(actual) !== JSON.stringify(wanted))
    throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(wanted)}`)
}

/** Makes a Patient, hands it on, and deletes it again. */
async function withPatient(client: Client, use: (id: string, made: Answer) => Promise<void>): Promise<void> {
  const made = await client('POST', 'Patient', patient('Kestrel'))
  expect(made, 201, 'create')
  const id = String(made.json?.id)
  try {
    await use(id, made)
  } finally {
    await client('DELETE', `Patient/${id}`)
  }
}

const isOutcome = (answer: Answer, what: string): void => same(answer.json?.resourceType, 'OperationOutcome', `${what}: body`)

export const checks: readonly Check[] = [
  {
    name: 'metadata',
    requirement: 'GET metadata gives a CapabilityStatement of FHIR 4.0.1',
    run: async (client) => {
      const answer = await client('GET', 'metadata')
      expect(answer, 200, 'metadata')
      same([answer.json?.resourceType, answer.json?.fhirVersion], ['CapabilityStatement', '4.0.1'], 'metadata')
    },
  },
  {
    name: 'create',
    requirement: 'create answers 201 with Location of the version, ETag and Last-Modified',
    run: (client) =>
      withPatient(client, async (id, made) => {
        if (!made.headers.get('location')?.endsWith(`/Patient/${id}/_history/1`))
          throw new Error(`Location: ${made.headers.get('location')}`)
        same(made.headers.get('etag'), 'W/"1"', 'ETag')
        if (!made.headers.get('last-modified')) throw new Error('no Last-Modified')
      }),
  },
  {
    name: 'read-vread-history',
    requirement: 'read, vread and instance history agree on an update, newest first',
    run: (client) =>
      withPatient(client, async (id) => {
        expect(await client('PUT', `Patient/${id}`, { ...patient('Merlin'), id }), 200, 'update')
        const now = await client('GET', `Patient/${id}`)
        const then = await client('GET', `Patient/${id}/_history/1`)
        const history = await client('GET', `Patient/${id}/_history`)
        same([now.json?.name?.[0]?.family, then.json?.name?.[0]?.family], ['Merlin', 'Kestrel'], 'families')
        same(
          history.json?.entry?.map((entry) => entry.resource?.meta?.versionId),
          ['2', '1'],
          'history',
        )
      }),
  },
  {
    name: 'stale-update',
    requirement: 'If-Match of another version is 412',
    run: (client) =>
      withPatient(client, async (id) => {
        const answer = await client('PUT', `Patient/${id}`, { ...patient('Hobby'), id }, { 'if-match': 'W/"7"' })
        expect(answer, 412, 'stale If-Match')
        isOutcome(answer, 'stale If-Match')
      }),
  },
  {
    name: 'unknown-and-deleted',
    requirement: 'an unknown id is 404, a deleted one 410, each with an OperationOutcome',
    run: async (client) => {
      const unknown = await client('GET', 'Patient/conformance-not-there')
      expect(unknown, 404, 'unknown')
      isOutcome(unknown, 'unknown')
      const made = await client('POST', 'Patient', patient('Osprey'))
      expect(await client('DELETE', `Patient/${made.json?.id}`), [200, 204], 'delete')
      expect(await client('GET', `Patient/${made.json?.id}`), 410, 'deleted')
    },
  },
  {
    name: 'refusals',
    requirement: 'a wrong type, an unknown element, a missing one and a wrong code are refused with an OperationOutcome',
    run: async (client) => {
      const slot = {
        resourceType: 'Slot',
        schedule: { reference: 'Schedule/x' },
        status: 'free',
        start: '2040-01-01T00:00:00Z',
        end: '2040-01-01T00:15:00Z',
      }
      const { end: _end, ...endless } = slot
      const bodies = [{ ...slot, resourceType: 'Slots' }, { ...slot, colour: 'red' }, endless, { ...slot, status: 'nonsense' }]
      for (const body of bodies) {
        const answer = await client('POST', 'Slot', body)
        expect(answer, [400, 422], `POST ${JSON.stringify(body).slice(0, 60)}`)
        isOutcome(answer, 'refusal')
      }
    },
  },
  {
    name: 'search',
    requirement: 'GET search and POST _search find the same, with mode and self link',
    run: (client) =>
      withPatient(client, async (id) => {
        const get = await client('GET', `Patient?_id=${id}&family=kest`)
        const post = await client('POST', 'Patient/_search', `_id=${id}&family=kest`, {
          'content-type': 'application/x-www-form-urlencoded',
        })
        for (const answer of [get, post]) {
          expect(answer, 200, 'search')
          same(
            answer.json?.entry?.map((entry) => [entry.resource?.id, entry.search?.mode]),
            [[id, 'match']],
            'entries',
          )
          if (!answer.json?.link?.some((link) => link.relation === 'self')) throw new Error('no self link')
        }
      }),
  },
  {
    name: 'search-errors',
    requirement: 'a malformed value is 4xx; an unknown parameter is ignored, and refused with handling=strict',
    run: async (client) => {
      expect(await client('GET', 'Patient?birthdate=2026-02-30'), [400, 422], 'a date that does not exist')
      expect(await client('GET', 'Patient?_count=1&colour=red'), 200, 'lenient')
      expect(await client('GET', 'Patient?_count=1&colour=red', undefined, { prefer: 'handling=strict' }), 400, 'strict')
    },
  },
  {
    name: 'negotiation',
    requirement: 'an unknown Accept is 406, an unknown body type 415, broken JSON 400',
    run: async (client) => {
      expect(await client('GET', 'metadata', undefined, { accept: 'image/png' }), 406, 'Accept')
      expect(await client('POST', 'Patient', 'family=x', { 'content-type': 'text/csv' }), 415, 'Content-Type')
      expect(await client('POST', 'Patient', '{"resourceType":'), 400, 'JSON')
    },
  },
]
