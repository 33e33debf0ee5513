/** Update and delete of one resource, and what two clients do to each other. https://hl7.org/fhir/R4/http.html#update */
import { type Check, r4 } from '../check.ts'
import { hold, refused, same, status } from '../expect.ts'
import { allows, keeps, serves } from '../needs.ts'
import { patient } from '../resources.ts'

const http = (anchor: string): string => r4('http', anchor)
const patients = keeps('Patient')

export const writes: readonly Check[] = [
  {
    name: 'update.existing',
    clause: http('update'),
    ids: ['X030'],
    requirement: 'update answers 200 with a new version, and is read at once',
    needs: [patients],
    run: async ({ make, put, get }) => {
      const made = await make(patient('Kestrel'))
      same((await get(`Patient/${made.id}`)).json?.name?.[0]?.family, 'Kestrel', 'read before it')
      const changed = status(await put(`Patient/${made.id}`, { ...made, name: [{ family: 'Merlin' }] }), 200, 'update')
      hold(changed.json.meta.versionId !== made.meta.versionId, 'the version is the one before')
      const { json } = await get(`Patient/${made.id}`)
      same([json?.name?.[0]?.family, json?.meta?.versionId], ['Merlin', changed.json.meta.versionId], 'read after update')
      hold(Date.parse(json.meta.lastUpdated) >= Date.parse(made.meta.lastUpdated), 'lastUpdated went back')
    },
  },
  {
    name: 'update.id',
    clause: http('update'),
    requirement: 'update without an id in the body, or with another than the address, is 400',
    needs: [patients],
    run: async ({ make, put, get }) => {
      const made = await make(patient('Kestrel'))
      const { id, ...nameless } = made
      refused(await put(`Patient/${id}`, nameless), [400, 422], 'no id')
      refused(await put(`Patient/${id}`, { ...made, id: 'other' }), [400, 422], 'another id')
      same((await get(`Patient/${id}`)).json?.meta?.versionId, made.meta.versionId, 'version after refused updates')
    },
  },
  {
    name: 'upsert.creates',
    clause: http('upsert'),
    requirement: 'where updateCreate is declared, update of an id that is not there creates it: 201 with that id',
    needs: [patients, allows('Patient', 'updateCreate')],
    run: async ({ put, keep, get, tag }) => {
      keep(`Patient/${tag}`)
      const made = status(await put(`Patient/${tag}`, patient('Kestrel', { id: tag })), 201, 'update of an unknown id')
      hold(made.headers.get('location')?.includes(`/Patient/${tag}/_history/`), `Location: ${made.headers.get('location')}`)
      status(await get(`Patient/${tag}`), 200, 'read')
    },
  },
  {
    name: 'delete.gone',
    clause: http('delete'),
    ids: ['X070', 'X075'],
    requirement: 'delete answers 200 or 204, again too; then read is 410 and the earlier version is still there',
    needs: [patients, serves('Patient', 'vread')],
    run: async ({ make, call, get }) => {
      const { id, meta } = await make(patient('Kestrel'))
      status(await get(`Patient/${id}`), 200, 'read before it')
      status(await call('DELETE', `Patient/${id}`), [200, 202, 204], 'delete')
      refused(await get(`Patient/${id}`), 410, 'read after delete')
      status(await call('DELETE', `Patient/${id}`), [200, 202, 204], 'delete again')
      same((await get(`Patient/${id}/_history/${meta.versionId}`)).json?.id, id, 'the version from before the delete')
    },
  },
  {
    name: 'delete.unknown',
    clause: http('delete'),
    requirement: 'delete of what was never there is 200, 204 or 404',
    needs: [patients],
    run: async ({ call, get, tag }) => {
      status(await call('DELETE', `Patient/${tag}`), [200, 202, 204, 404], 'delete of an unknown id')
      refused(await get(`Patient/${tag}`), [404, 410], 'read of it')
    },
  },
  {
    name: 'concurrency.if-match',
    ids: ['IfMatchTests'],
    clause: http('concurrency'),
    requirement: 'If-Match of the version lets an update through, of another is 412 and changes nothing',
    needs: [patients],
    run: async ({ make, put, get }) => {
      const made = await make(patient('Kestrel'))
      const path = `Patient/${made.id}`
      const first = { 'if-match': `W/"${made.meta.versionId}"` }
      status(await put(path, { ...made, name: [{ family: 'Merlin' }] }, first), 200, 'If-Match of the version')
      refused(await put(path, { ...made, name: [{ family: 'Hobby' }] }, first), 412, 'If-Match of the version before')
      same((await get(path)).json?.name?.[0]?.family, 'Merlin', 'after the refused update')
    },
  },
  {
    name: 'concurrency.race',
    clause: http('concurrency'),
    requirement: 'of simultaneous updates with one If-Match exactly one goes through',
    needs: [patients],
    run: async ({ make, put }) => {
      const made = await make(patient('Kestrel'))
      const tries = Array.from({ length: 8 }, (_, i) =>
        put(`Patient/${made.id}`, { ...made, name: [{ family: `Racer${i}` }] }, { 'if-match': `W/"${made.meta.versionId}"` }),
      )
      const statuses = (await Promise.all(tries)).map((answer) => answer.status)
      same(statuses.filter((one) => one === 200).length, 1, `updates that went through of ${statuses.join(' ')}`)
      hold(
        statuses.every((one) => one === 200 || one === 412 || one === 409),
        `statuses ${statuses.join(' ')}`,
      )
    },
  },
]
