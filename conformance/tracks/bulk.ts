/** Bulk Data export. https://hl7.org/fhir/uv/bulkdata/STU2/export.html */
import type { Track } from '../check.ts'
import { hold, outcome, refused, same, status } from '../expect.ts'
import { address, clause, exported, manifestAt, needs, ordered, respondAsync } from '../exporting.ts'
import { keeps } from '../needs.ts'
import { patient } from '../resources.ts'
import { imports } from './bulk-import.ts'
import { reach } from './bulk-reach.ts'

export const bulk: Track = {
  name: 'bulk',
  checks: [
    {
      name: 'bulk-data-kick-off-request.accepted',
      clause: clause('bulk-data-kick-off-request'),
      requirement: 'the kick-off is 202 with Content-Location, and without Prefer: respond-async it is refused',
      needs,
      run: async (site) => {
        await ordered(site, '?_type=Patient')
        const answer = await site.get(`${address(site)}?_type=Patient`)
        hold(answer.status >= 400 && answer.status < 500, `without Prefer: respond-async: ${answer.status}`)
        outcome(answer, 'without Prefer')
      },
    },
    {
      name: 'query-parameters.refuses',
      clause: clause('query-parameters'),
      requirement: 'an _outputFormat that cannot be given and a type that does not exist are refused',
      needs,
      run: async (site) => {
        for (const query of ['?_outputFormat=text/csv', '?_type=Unicorn'])
          refused(await site.get(`${address(site)}${query}`, { headers: respondAsync }), [400, 422], query)
      },
    },
    {
      name: 'security-considerations.kick-off',
      clause: clause('security-considerations'),
      requirement: 'without a token, where tokens are asked for, nothing is exported',
      needs: [...needs, (can) => (can.rest.security?.service ? undefined : 'rest.security.service is not declared')],
      run: async (site) =>
        void status(
          await site.call('GET', `${address(site)}?_type=Patient`, { headers: respondAsync, token: null }),
          401,
          '$export without a token',
        ),
    },
    {
      name: 'bulk-data-status-request.manifest',
      clause: clause('bulk-data-status-request'),
      requirement: 'the manifest says when, what was asked for and which files, and the files hold what was stored',
      needs,
      run: async (site) => {
        const { id } = await site.make(patient(site.tag))
        const began = Date.now()
        const { manifest, resources } = await exported(site, '?_type=Patient')
        hold(Math.abs(Date.parse(manifest.transactionTime) - began) < 600_000, `transactionTime ${manifest.transactionTime}`)
        hold(manifest.request?.includes('$export'), `request ${manifest.request}`)
        same([typeof manifest.requiresAccessToken, Array.isArray(manifest.error)], ['boolean', true], 'requiresAccessToken and error')
        same(resources.find((one) => one.id === id)?.name?.[0]?.family, site.tag, 'the Patient that was made')
      },
    },
    {
      name: 'query-parameters.since',
      clause: clause('query-parameters'),
      requirement: '_since gives what was written after it and nothing older',
      needs,
      run: async (site) => {
        const old = await site.make(patient(site.tag))
        const { manifest } = await exported(site, '?_type=Patient')
        const fresh = await site.make(patient(site.tag))
        const { resources } = await exported(site, `?_type=Patient&_since=${encodeURIComponent(manifest.transactionTime)}`)
        const ids = resources.map(({ id }) => id)
        same([ids.includes(old.id), ids.includes(fresh.id)], [false, true], 'the older and the newer Patient')
      },
    },
    {
      name: 'query-parameters.type',
      clause: clause('query-parameters'),
      requirement: '_type gives that type and no other',
      needs: [...needs, keeps('Practitioner')],
      run: async (site) => {
        const person = await site.make(patient(site.tag))
        const doctor = await site.make({ resourceType: 'Practitioner', name: [{ family: site.tag }] })
        const { resources } = await exported(site, '?_type=Practitioner')
        const ids = resources.map(({ id }) => id)
        same([ids.includes(person.id), resources.every(({ resourceType }) => resourceType === 'Practitioner')], [false, true], 'types')
        if (address(site) === '$export') hold(ids.includes(doctor.id), 'the Practitioner that was made is missing')
      },
    },
    {
      name: 'bulk-data-output-file-request.authorized',
      clause: clause('bulk-data-output-file-request'),
      requirement: 'where requiresAccessToken is said, a file is not given without a token',
      needs,
      run: async (site) => {
        await site.make(patient(site.tag))
        const { json } = await manifestAt(site, await ordered(site, '?_type=Patient'))
        const [file] = json.output
        hold(file, 'the export has no file')
        if (json.requiresAccessToken) status(await site.get(file.url, { token: null }), [401, 403], 'a file without a token')
        else status(await site.get(file.url, { token: null }), 200, 'a file without a token')
      },
    },
    {
      name: 'bulk-data-delete-request.gone',
      clause: clause('bulk-data-delete-request'),
      requirement: 'DELETE of the progress is 202; then it is 404 with an OperationOutcome',
      needs,
      run: async (site) => {
        const location = await ordered(site, '?_type=Patient')
        status(await site.call('DELETE', location), 202, 'delete')
        refused(await site.get(location), 404, 'progress after it')
      },
    },
    {
      name: 'bulk-data-delete-request.files',
      clause: clause('bulk-data-delete-request'),
      requirement: 'DELETE of an export that is done takes its manifest and its files away',
      needs,
      run: async (site) => {
        await site.make(patient(site.tag))
        const location = await ordered(site, '?_type=Patient')
        const [file] = (await manifestAt(site, location)).json.output
        status(await site.get(file.url, { headers: { accept: 'application/fhir+ndjson' } }), 200, 'a file')
        status(await site.call('DELETE', location), 202, 'delete')
        refused(await site.get(location), 404, 'progress after it')
        status(await site.get(file.url), [404, 410], 'a file after it')
      },
    },
    {
      name: 'response---complete-status.expires',
      clause: clause('response---complete-status'),
      requirement: 'the manifest is application/json, and where it expires says when, which is to come',
      needs,
      run: async (site) => {
        const { headers } = await manifestAt(site, await ordered(site, '?_type=Patient'))
        hold(headers.get('content-type')?.startsWith('application/json'), `Content-Type: ${headers.get('content-type')}`)
        const expires = headers.get('expires')
        hold(expires === null || Date.parse(expires) > Date.now(), `Expires: ${expires}`)
      },
    },
    ...reach,
    ...imports,
  ],
}
