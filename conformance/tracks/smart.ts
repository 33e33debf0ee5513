/** SMART App Launch: discovery, tokens that are none, scopes; launches stand beside it. https://hl7.org/fhir/smart-app-launch/ */
import type { Track } from '../check.ts'
import type { Loose } from '../client.ts'
import { hold, included, matched, outcome, refused, same, status } from '../expect.ts'
import { given, includes, keeps, searches, system } from '../needs.ts'
import { people, peopleAreKept } from '../people.ts'
import { patient } from '../resources.ts'
import { configuration, guide, secured, wellKnown } from '../smart-server.ts'
import { programs } from './smart-backend.ts'
import { ehrLaunches } from './smart-ehr.ts'
import { identity } from './smart-identity.ts'
import { launches } from './smart-launch.ts'
import { refreshes } from './smart-refresh.ts'
import { tokens } from './smart-tokens.ts'

/** https://hl7.org/fhir/smart-app-launch/conformance.html#capabilities */
const capability = /^((launch|client|context|permission)-[a-z0-9-]+|authorize-post|sso-openid-connect|smart-app-state|user-access-brands)$/

const slotToken = [secured, given('slotToken', '--slot-token')]
const patientToken = [secured, given('patientToken', '--patient-token')]

export const smart: Track = {
  name: 'smart',
  checks: [
    {
      name: 'using-well-known.json',
      clause: guide('conformance', 'using-well-known'),
      requirement: 'the well-known address answers everybody in application/json, whatever they accept, to any origin',
      needs: [secured],
      run: async ({ get }) => {
        for (const accept of ['application/json', 'application/fhir+xml', '*/*']) {
          const answer = status(await get(wellKnown, { token: null, headers: { accept, origin: 'https://app.example' } }), 200, accept)
          hold(answer.headers.get('content-type')?.startsWith('application/json'), `Content-Type: ${answer.headers.get('content-type')}`)
          hold(
            /^(\*|https:\/\/app\.example)$/.test(answer.headers.get('access-control-allow-origin') ?? ''),
            'no Access-Control-Allow-Origin',
          )
        }
      },
    },
    {
      name: 'metadata.fields',
      clause: guide('conformance', 'metadata'),
      requirement: 'what is said there fits together: capabilities that exist, S256 and never plain, addresses that are absolute',
      needs: [secured],
      run: async (site) => {
        const told = await configuration(site)
        hold(
          Array.isArray(told?.capabilities) && Array.isArray(told.grant_types_supported),
          'capabilities and grant_types_supported are mandatory',
        )
        for (const one of told.capabilities) hold(capability.test(one), `capability ${one}`)
        for (const name of Object.keys(told).filter((key) => key.endsWith('_endpoint') || key.endsWith('_uri') || key === 'issuer'))
          hold(/^https?:\/\//.test(told[name]), `${name}: ${told[name]}`)
        const launches = told.grant_types_supported.includes('authorization_code')
        if (launches) hold(told.authorization_endpoint, 'authorization_code without authorization_endpoint')
        if (launches) hold(told.code_challenge_methods_supported?.includes('S256'), 'S256 is missing')
        hold(!told.code_challenge_methods_supported?.includes('plain'), 'plain must not be there')
        if (told.grant_types_supported.length > 0) hold(told.token_endpoint, 'grant types without token_endpoint')
        const opens = told.capabilities.includes('sso-openid-connect')
        same(
          [told.issuer !== undefined, told.jwks_uri !== undefined],
          [opens, opens],
          'issuer and jwks_uri, which go with sso-openid-connect',
        )
      },
    },
    {
      name: 'rfc6750.refused',
      clause: 'https://www.rfc-editor.org/rfc/rfc6750#section-3',
      requirement: 'no token and one that is none are 401 with WWW-Authenticate: Bearer',
      needs: [secured],
      run: async ({ get }) => {
        for (const token of [null, 'nonsense', 'eyJhbGciOiJub25lIn0.eyJzY29wZSI6InN5c3RlbS8qLmNydWRzIn0.']) {
          const answer = refused(await get('Patient?_count=1', { token }), 401, `token ${token}`)
          hold(
            /^Bearer\b/i.test(answer.headers.get('www-authenticate') ?? ''),
            `WWW-Authenticate: ${answer.headers.get('www-authenticate')}`,
          )
        }
      },
    },
    {
      name: 'scopes.type',
      clause: guide('scopes-and-launch-context', 'scopes-for-requesting-fhir-resources'),
      requirement: 'a token for Slots reads and searches those and no other type, and writes none',
      needs: [...slotToken, keeps('Patient'), searches('Slot', '_id')],
      run: async ({ options, call, make, tag }) => {
        const { id } = await make(patient(tag))
        const token = options.slotToken ?? null
        const slot = {
          resourceType: 'Slot',
          schedule: { reference: 'Schedule/x' },
          status: 'free',
          start: '2040-01-01T00:00:00Z',
          end: '2040-01-01T01:00:00Z',
        }
        status(await call('GET', 'Slot?_count=1', { token }), 200, 'search of Slots')
        refused(await call('GET', `Patient/${id}`, { token }), 403, 'read of a Patient')
        refused(await call('GET', 'Patient?_count=1', { token }), 403, 'search of Patients')
        refused(await call('POST', 'Slot', { token, body: slot }), 403, 'create of a Slot')
        refused(await call('POST', 'Patient', { token, body: patient(tag) }), 403, 'create of a Patient')
        refused(await call('DELETE', `Patient/${id}`, { token }), 403, 'delete of a Patient')
      },
    },
    {
      name: 'scopes.bundle',
      clause: guide('scopes-and-launch-context', 'batches-and-transactions'),
      requirement: 'each entry of a batch is judged by itself, a transaction as a whole',
      needs: [...slotToken, keeps('Patient'), system('batch'), system('transaction')],
      run: async ({ options, call, make, tag }) => {
        const { id } = await make(patient(tag))
        const token = options.slotToken ?? null
        const entry = ['Slot?_count=1', `Patient/${id}`].map((url) => ({ request: { method: 'GET', url } }))
        const batch = status(await call('POST', '', { token, body: { resourceType: 'Bundle', type: 'batch', entry } }), 200, 'batch')
        const codes = batch.json.entry.map(({ response }: Loose) => response?.status?.slice(0, 3))
        same(codes, ['200', '403'], 'response.status')
        hold(!batch.text.includes(tag), 'the Patient is in the answer')
        outcome(
          status(await call('POST', '', { token, body: { resourceType: 'Bundle', type: 'transaction', entry } }), 403, 'transaction'),
          'transaction',
        )
      },
    },
    {
      name: 'scopes.detours',
      clause: guide('scopes-and-launch-context', 'scopes-for-requesting-fhir-resources'),
      ids: ['SmartIncludeRevIncludeCompartmentLeak'],
      requirement: 'what a token may not read it does not see through _include, _revinclude, chains and _has either',
      needs: [...slotToken, keeps('Schedule', 'Slot', 'Practitioner'), includes('Slot', 'Slot:schedule')],
      run: async ({ options, call, make, tag }) => {
        const token = options.slotToken ?? null
        const doctor = await make({ resourceType: 'Practitioner', name: [{ family: tag }] })
        const schedule = await make({ resourceType: 'Schedule', active: true, actor: [{ reference: `Practitioner/${doctor.id}` }] })
        const reference = { reference: `Schedule/${schedule.id}` }
        const slot = await make({
          resourceType: 'Slot',
          schedule: reference,
          status: 'free',
          start: '2041-01-01T10:00:00Z',
          end: '2041-01-01T10:30:00Z',
        })
        for (const detour of [
          '_include=Slot:schedule',
          '_include=*',
          '_revinclude=Appointment:slot',
          '_include=Slot:schedule&_include:iterate=Schedule:actor',
        ]) {
          const answer = await call('GET', `Slot?_id=${slot.id}&${detour}`, { token })
          hold(answer.status === 200 || answer.status === 403, `${detour}: ${answer.status}`)
          same(included(answer), [], `included by ${detour}`)
        }
        const chained = await call('GET', `Slot?_id=${slot.id}&schedule.actor:Practitioner.family=${tag}`, { token })
        hold(chained.status === 403 || matched(chained, 'chain').length === 0, 'a chain goes through what may not be read')
      },
    },
    {
      name: 'scopes.patient',
      clause: guide('scopes-and-launch-context', 'patient-specific-scopes'),
      requirement: 'a patient’s token sees that patient and what is theirs, and nobody else',
      needs: [...patientToken, peopleAreKept],
      run: async (site) => {
        const { anna, dated, tag } = await site.shared(people)
        const asking = { token: site.options.patientToken ?? null }
        status(await site.get(`Patient/${site.options.patient}`, asking), 200, 'read of the own Patient')
        refused(await site.get(`Patient/${anna.id}`, asking), [403, 404], 'read of another Patient')
        refused(await site.get(`Appointment/${dated.id}`, asking), [403, 404], 'read of another’s Appointment')
        for (const query of [`Patient?family=${tag}`, `Appointment?_id=${dated.id}`, `Appointment?patient=${anna.id}`]) {
          const answer = await site.get(query, asking)
          hold(answer.status === 403 || matched(answer, query).length === 0, `${query} finds another patient’s`)
        }
        same(matched(await site.get('Patient?_count=10', asking), 'Patients'), [site.options.patient], 'all Patients')
      },
    },
    ...tokens,
    ...launches,
    ...ehrLaunches,
    ...refreshes,
    ...identity,
    ...programs,
  ],
}
