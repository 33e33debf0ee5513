/** Conditional create, update and delete: none, one, several, and all at once. https://hl7.org/fhir/R4/http.html#cond-update */
import { type Check, r4 } from '../check.ts'
import { hold, matched, refused, same, status } from '../expect.ts'
import { allows, keeps, searches } from '../needs.ts'
import { asToken, identifier, patient } from '../resources.ts'

const patients = keeps('Patient')
const byIdentifier = searches('Patient', 'identifier')

export const conditional: readonly Check[] = [
  {
    name: 'ccreate.none-one-several',
    clause: r4('http', 'ccreate'),
    ids: ['ConditionalCreateTests'],
    requirement: 'If-None-Exist: nothing meets it 201, one does 200 without a second resource, several do 412',
    needs: [patients, byIdentifier, allows('Patient', 'conditionalCreate')],
    run: async ({ post, keep, make, get, tag }) => {
      const known = identifier(tag, '1')
      const asked = async () =>
        await post('Patient', patient('Kestrel', { identifier: [known] }), { 'if-none-exist': `identifier=${asToken(known)}` })
      const first = status(await asked(), 201, 'nothing meets it')
      keep(`Patient/${first.json.id}`)
      status(await asked(), 200, 'one does')
      same(matched(await get(`Patient?identifier=${asToken(known)}`), 'search'), [first.json.id], 'resources with the identifier')
      await make(patient('Kestrel', { identifier: [known] }))
      refused(await asked(), 412, 'two do')
    },
  },
  {
    name: 'ccreate.race',
    clause: r4('http', 'ccreate'),
    requirement: 'of simultaneous creates with one If-None-Exist one makes the resource',
    needs: [patients, byIdentifier, allows('Patient', 'conditionalCreate')],
    run: async ({ post, keep, get, tag }) => {
      const known = identifier(tag, 'race')
      const sent = patient('Kestrel', { identifier: [known] })
      const tries = Array.from({ length: 8 }, () => post('Patient', sent, { 'if-none-exist': `identifier=${asToken(known)}` }))
      const statuses = (await Promise.all(tries)).map((answer) => answer.status)
      const found = matched(await get(`Patient?identifier=${asToken(known)}`), 'search')
      for (const id of found) keep(`Patient/${id}`)
      same([statuses.filter((one) => one === 201).length, found.length], [1, 1], `creates of ${statuses.join(' ')} and resources`)
    },
  },
  {
    name: 'cond-update.none-one-several',
    clause: r4('http', 'cond-update'),
    ids: ['ConditionalUpdateTests'],
    requirement: 'PUT with criteria: nothing meets them 201, one does 200 and is updated, several do 412',
    needs: [patients, byIdentifier, allows('Patient', 'conditionalUpdate')],
    run: async ({ put, keep, make, get, tag }) => {
      const known = identifier(tag, '1')
      const asked = async (family: string, more: object = {}) =>
        await put(`Patient?identifier=${asToken(known)}`, patient(family, { identifier: [known], ...more }))
      const first = status(await asked('Kestrel'), 201, 'nothing meets them')
      keep(`Patient/${first.json.id}`)
      const second = status(await asked('Merlin'), 200, 'one does')
      same(second.json?.id, first.json.id, 'id')
      refused(await asked('Hobby', { id: 'other' }), [400, 422], 'one does, and the body has another id')
      same((await get(`Patient/${first.json.id}`)).json?.name?.[0]?.family, 'Merlin', 'after the updates')
      await make(patient('Kestrel', { identifier: [known] }))
      refused(await asked('Osprey'), 412, 'two do')
    },
  },
  {
    name: 'cdelete.one',
    clause: r4('http', 'cdelete'),
    ids: ['ConditionalDeleteTests'],
    requirement: 'DELETE with criteria deletes what meets them and nothing else',
    needs: [patients, byIdentifier, allows('Patient', 'conditionalDelete', 'single', 'multiple')],
    run: async ({ call, make, get, tag }) => {
      const [one, other] = [identifier(tag, '1'), identifier(tag, '2')]
      const doomed = await make(patient('Kestrel', { identifier: [one] }))
      const spared = await make(patient('Kestrel', { identifier: [other] }))
      status(await call('DELETE', `Patient?identifier=${asToken(one)}`), [200, 202, 204], 'delete')
      refused(await get(`Patient/${doomed.id}`), [404, 410], 'read of the deleted one')
      status(await get(`Patient/${spared.id}`), 200, 'read of the other')
    },
  },
  {
    name: 'cdelete.several',
    clause: r4('http', 'cdelete'),
    requirement: 'DELETE that several meet deletes all of them where multiple is declared, else it is 412',
    needs: [patients, byIdentifier, allows('Patient', 'conditionalDelete', 'single', 'multiple')],
    run: async ({ call, make, get, can, tag }) => {
      const known = identifier(tag, '1')
      const made = [await make(patient('Kestrel', { identifier: [known] })), await make(patient('Merlin', { identifier: [known] }))]
      const answer = await call('DELETE', `Patient?identifier=${asToken(known)}`)
      const all = can.of('Patient').conditionalDelete === 'multiple'
      if (all) status(answer, [200, 202, 204], 'delete')
      else refused(answer, 412, 'delete')
      for (const { id } of made) status(await get(`Patient/${id}`), all ? [404, 410] : 200, 'read after it')
    },
  },
  {
    name: 'cond-update.criteria-needed',
    clause: r4('http', 'cond-update'),
    requirement: 'DELETE without criteria and criteria that the server does not know never touch every Patient',
    needs: [patients, allows('Patient', 'conditionalDelete', 'single', 'multiple')],
    run: async ({ call, make, get }) => {
      const { id } = await make(patient('Kestrel'))
      const answer = await call('DELETE', `Patient?no-such-parameter=${id}`)
      hold(answer.status >= 400 && answer.status < 500, `DELETE with an unknown parameter: ${answer.status}`)
      status(await get(`Patient/${id}`), 200, 'read after it')
    },
  },
]
