/** Batch and transaction. https://hl7.org/fhir/R4/http.html#transaction */
import { randomUUID } from 'node:crypto'
import { r4, type Track } from '../check.ts'
import type { Answer, Loose } from '../client.ts'
import { hold, matched, outcome, refused, same, status } from '../expect.ts'
import { keeps, searches, system } from '../needs.ts'
import { asToken, identifier, patient, type Resource } from '../resources.ts'
import type { Site } from '../site.ts'

const transaction = r4('http', 'transaction')
const rules = r4('http', 'trules')
const both = keeps('Patient', 'Appointment')
const needsTransaction = [both, system('transaction')]
const needsBatch = [both, system('batch')]
type Sent = { readonly fullUrl?: string; readonly resource?: Resource; readonly request: Readonly<Record<string, string>> }

const bundle = (type: string, entry: readonly Sent[]): object => ({ resourceType: 'Bundle', type, entry })

const created = (resource: Resource, fullUrl?: string, request: Readonly<Record<string, string>> = {}): Sent => ({
  ...(fullUrl && { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...request },
})

/** Sends it, remembers what it made, and gives the entries of the answer. */
async function sent({ post, keep }: Site, type: 'batch' | 'transaction', entries: readonly Sent[]): Promise<Loose[]> {
  const answer = status(await post('', bundle(type, entries)), 200, type)
  const answered: Loose[] = answer.json?.entry ?? []
  for (const { response } of answered) if (response?.status?.startsWith('201')) keep(locationOf(response))
  same([answer.json?.resourceType, answer.json?.type, answered.length], ['Bundle', `${type}-response`, entries.length], 'answer')
  return answered
}

/** `Type/id` of a location, relative or not. */
const locationOf = ({ location = '' }: Loose): string => /([A-Z][A-Za-z]+\/[^/]+)(\/_history\/[^/]+)?$/.exec(location)?.[1] ?? ''
const codes = (entries: readonly Loose[]): string[] => entries.map(({ response }) => response?.status?.slice(0, 3))

/** The whole transaction is refused, in one OperationOutcome. */
function failed(answer: Answer, what: string): void {
  hold(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status}`)
  outcome(answer, what)
}

const proposed = (who: string): Resource => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: [{ actor: { reference: who }, status: 'needs-action' }],
})

/** The Appointment that an entry has made names the Patient. */
async function isOf(site: Site, entry: Loose | undefined, { id }: Loose): Promise<void> {
  const { json } = await site.get(locationOf(entry?.response))
  const named = json?.participant?.[0]?.actor?.reference
  hold(named?.endsWith(`Patient/${id}`), `reference ${named}`)
}

const nobody = async ({ get, tag }: Site): Promise<void> =>
  same(matched(await get(`Patient?family=${tag}`), 'search'), [], 'what is left of it')

export const bundles: Track = {
  name: 'bundle',
  checks: [
    {
      name: 'transaction.creates',
      clause: transaction,
      ids: ['XFER0', 'XFER0B'],
      requirement: 'a transaction creates all, and references by urn:uuid become references to what was created',
      needs: needsTransaction,
      run: async (site) => {
        const urn = `urn:uuid:${randomUUID()}`
        const entries = await sent(site, 'transaction', [created(proposed(urn)), created(patient(site.tag), urn)])
        same(codes(entries), ['201', '201'], 'response.status')
        const [visit = '', person = ''] = entries.map(({ response }) => locationOf(response))
        hold(visit.startsWith('Appointment/') && person.startsWith('Patient/'), `locations ${visit} ${person}`)
        const { json } = await site.get(visit)
        same(json?.participant?.[0]?.actor?.reference?.replace(/.*\/(Patient\/)/, '$1'), person, 'reference')
      },
    },
    {
      name: 'transaction.response',
      clause: r4('bundle', 'transaction-response'),
      requirement: 'each entry of the answer has status, and of a write location, etag and lastModified as it is then read',
      needs: needsTransaction,
      run: async (site) => {
        const [{ response }] = (await sent(site, 'transaction', [created(patient(site.tag))])) as [Loose]
        const { json } = status(await site.get(locationOf(response)), 200, 'read')
        same(response.etag, `W/"${json.meta.versionId}"`, 'etag')
        same(Date.parse(response.lastModified), Date.parse(json.meta.lastUpdated), 'lastModified')
        hold(response.location.endsWith(`/_history/${json.meta.versionId}`), `location ${response.location}`)
      },
    },
    {
      name: 'transaction.all-or-nothing',
      clause: transaction,
      ids: ['XFER3', 'BundleTransactionTests'],
      requirement: 'where one entry fails nothing is done, and the answer is one OperationOutcome',
      needs: [...needsTransaction, searches('Patient', 'family')],
      run: async (site) => {
        const wrong = patient(site.tag, { gender: 'nonsense', birthDate: 'yesterday' })
        failed(await site.post('', bundle('transaction', [created(patient(site.tag)), created(wrong)])), 'an invalid resource')
        await nobody(site)
        const missing = {
          resource: patient('x', { id: site.tag }),
          request: { method: 'PUT', url: `Patient/${site.tag}`, ifMatch: 'W/"9"' },
        }
        failed(await site.post('', bundle('transaction', [created(patient(site.tag)), missing])), 'an ifMatch of what is not there')
        await nobody(site)
      },
    },
    {
      name: 'trules.order',
      clause: rules,
      requirement: 'reads come last, whatever the order, and the answers stand in the order that was sent',
      needs: needsTransaction,
      run: async (site) => {
        const [old, other] = [await site.make(patient(site.tag)), await site.make(patient(site.tag))]
        const entries = await sent(site, 'transaction', [
          { request: { method: 'GET', url: `Patient/${other.id}` } },
          { resource: { ...other, name: [{ family: 'After' }] }, request: { method: 'PUT', url: `Patient/${other.id}` } },
          created(patient(site.tag)),
          { request: { method: 'DELETE', url: `Patient/${old.id}` } },
        ])
        hold(/^200 200 201 20[04]$/.test(codes(entries).join(' ')), `response.status ${codes(entries).join(' ')}`)
        same(entries[0]?.resource?.name?.[0]?.family, 'After', 'what the read shows')
        status(await site.get(`Patient/${old.id}`), [404, 410], 'read of what was deleted')
      },
    },
    {
      name: 'trules.identity',
      clause: rules,
      requirement: 'a resource that two entries write fails the transaction',
      needs: needsTransaction,
      run: async (site) => {
        const made = await site.make(patient(site.tag))
        const write = (family: string): Sent => ({
          resource: { ...made, name: [{ family }] },
          request: { method: 'PUT', url: `Patient/${made.id}` },
        })
        failed(await site.post('', bundle('transaction', [write('One'), write('Two')])), 'two writes of one resource')
        same((await site.get(`Patient/${made.id}`)).json?.meta?.versionId, made.meta.versionId, 'version after it')
      },
    },
    {
      name: 'trules.conditional-create',
      clause: rules,
      ids: ['XFER1'],
      requirement: 'ifNoneExist that one resource meets is 200, and references lead to that one',
      needs: [...needsTransaction, searches('Patient', 'identifier')],
      run: async (site) => {
        const known = identifier(site.tag, 'known')
        const made = await site.make(patient(site.tag, { identifier: [known] }))
        const urn = `urn:uuid:${randomUUID()}`
        const again = created(patient(site.tag, { identifier: [known] }), urn, { ifNoneExist: `identifier=${asToken(known)}` })
        const entries = await sent(site, 'transaction', [again, created(proposed(urn))])
        same(codes(entries), ['200', '201'], 'response.status')
        await isOf(site, entries[1], made)
      },
    },
    {
      name: 'trules.conditional-reference',
      clause: rules,
      requirement: 'a reference that is a search leads to the one resource that it finds; where it finds none all fails',
      needs: [...needsTransaction, searches('Patient', 'identifier', 'family')],
      run: async (site) => {
        const known = identifier(site.tag, 'known')
        const made = await site.make(patient('Kestrel', { identifier: [known] }))
        const [entry] = (await sent(site, 'transaction', [created(proposed(`Patient?identifier=${asToken(known)}`))])) as [Loose]
        await isOf(site, entry, made)
        const lost = proposed(`Patient?identifier=${asToken(identifier(site.tag, 'unknown'))}`)
        failed(await site.post('', bundle('transaction', [created(patient(site.tag)), created(lost)])), 'a reference that finds nothing')
        await nobody(site)
      },
    },
    {
      name: 'trules.if-match',
      clause: rules,
      requirement: 'ifMatch of an entry is judged: of the version it goes through, of another all fails',
      needs: needsTransaction,
      run: async (site) => {
        const made = await site.make(patient(site.tag))
        const write = (ifMatch: string): Sent[] => [
          { resource: { ...made, name: [{ family: 'Merlin' }] }, request: { method: 'PUT', url: `Patient/${made.id}`, ifMatch } },
        ]
        same(codes(await sent(site, 'transaction', write(`W/"${made.meta.versionId}"`))), ['200'], 'response.status')
        failed(await site.post('', bundle('transaction', write(`W/"${made.meta.versionId}"`))), 'ifMatch of the version before')
      },
    },
    {
      name: 'brules.independent',
      clause: r4('http', 'brules'),
      ids: ['BundleBatchTests'],
      requirement: 'the entries of a batch stand for themselves: one that fails is answered in its place, the others are done',
      needs: needsBatch,
      run: async (site) => {
        const made = await site.make(patient(site.tag))
        const entries = await sent(site, 'batch', [
          created(patient(site.tag)),
          { request: { method: 'GET', url: `Patient/${site.tag}` } },
          { request: { method: 'GET', url: `Patient/${made.id}` } },
        ])
        same(codes(entries), ['201', '404', '200'], 'response.status')
        same(entries[1]?.response?.outcome?.resourceType ?? entries[1]?.resource?.resourceType, 'OperationOutcome', 'what was refused')
        same(entries[2]?.resource?.id, made.id, 'what was read')
        status(await site.get(locationOf(entries[0]?.response)), 200, 'what was created')
      },
    },
    {
      name: 'brules.search',
      clause: r4('http', 'brules'),
      requirement: 'a search in a batch is answered with a searchset',
      needs: [...needsBatch, searches('Patient', 'family')],
      run: async (site) => {
        const made = await site.make(patient(site.tag))
        const [entry] = (await sent(site, 'batch', [{ request: { method: 'GET', url: `Patient?family=${site.tag}` } }])) as [Loose]
        same([entry.resource?.type, entry.resource?.entry?.[0]?.resource?.id], ['searchset', made.id], 'answer')
      },
    },
    {
      name: 'brules.update-delete',
      clause: r4('http', 'brules'),
      ids: ['XFER2'],
      requirement: 'updates and deletes of a batch are done',
      needs: needsBatch,
      run: async (site) => {
        const [one, two] = [await site.make(patient(site.tag)), await site.make(patient(site.tag))]
        const entries = await sent(site, 'batch', [
          { resource: { ...one, name: [{ family: 'Merlin' }] }, request: { method: 'PUT', url: `Patient/${one.id}` } },
          { request: { method: 'DELETE', url: `Patient/${two.id}` } },
        ])
        hold(/^200 20[04]$/.test(codes(entries).join(' ')), `response.status ${codes(entries).join(' ')}`)
        same((await site.get(`Patient/${one.id}`)).json?.name?.[0]?.family, 'Merlin', 'updated')
        status(await site.get(`Patient/${two.id}`), [404, 410], 'deleted')
      },
    },
    {
      name: 'transaction.refuses',
      clause: transaction,
      requirement: 'a Bundle of another type, or whose entries have no request, is refused',
      needs: needsTransaction,
      run: async ({ post, tag }) => {
        refused(await post('', bundle('collection', [])), [400, 422], 'a collection')
        refused(
          await post('', { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient(tag) }] }),
          [400, 422],
          'no request',
        )
      },
    },
  ],
}
