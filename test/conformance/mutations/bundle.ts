/** What a server can do wrong with a batch or a transaction, and with patches. */
import type { Asked, Loose, Mutation } from '../../support/spoiling-proxy.ts'
import { bundle, instead, notDone, sent } from '../spoil.ts'

const isPatch = ({ method }: Asked): boolean => method === 'PATCH'
const isBundle = ({ method, path }: Asked): boolean => method === 'POST' && /\/fhir\/?$/.test(path)

export const bundles: readonly Mutation[] = [
  {
    loses: 'transactions, and does a batch',
    noticed: ['transaction.all-or-nothing', 'trules.order', 'trules.identity'],
    asked: sent('"type":"transaction"', '"type":"batch"'),
    answered: (answer, { body: asked }) =>
      asked.includes('"type":"transaction"') ? { ...answer, body: answer.body.replace('batch-response', 'transaction-response') } : answer,
  },
  { loses: 'fullUrl of what is sent', noticed: ['transaction.creates'], asked: sent(/"fullUrl":"urn:uuid:[^"]*",/g, '') },
  { loses: 'ifNoneExist of an entry', noticed: ['trules.conditional-create'], asked: sent(/,"ifNoneExist":"[^"]*"/, '') },
  { loses: 'ifMatch of an entry', noticed: ['trules.if-match'], asked: sent(/,"ifMatch":"W\/\\"\d+\\""/, '') },
  {
    loses: 'references that are searches',
    noticed: ['trules.conditional-reference'],
    asked: sent(/"reference":"Patient\?[^"]*"/g, '"display":"somebody"'),
  },
  {
    loses: 'the order of a batch’s answers',
    noticed: ['brules.independent'],
    answered: (answer) => bundle(answer, (body) => body.type === 'batch-response' && body.entry?.reverse()),
  },
  {
    loses: 'the resources that a batch reads',
    noticed: ['brules.search', 'brules.independent'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const entry of body.type === 'batch-response' ? body.entry : []) delete entry.resource
      }),
  },
  { loses: 'deletes in a batch', noticed: ['brules.update-delete', 'trules.order'], asked: sent('"method":"DELETE"', '"method":"GET"') },
  {
    loses: 'response.etag of a transaction',
    noticed: ['transaction.response'],
    answered: (answer) =>
      bundle(answer, (body) => {
        for (const { response } of body.entry ?? []) delete (response as Loose)?.etag
      }),
  },
  { loses: 'refusals of Bundles that are none', noticed: ['transaction.refuses'], answered: instead([400, 422], 200, isBundle) },
  {
    loses: 'a patch, and says 200',
    noticed: ['patch.json', 'fhirpatch.operations', 'patch.xml', 'patch.conditional'],
    asked: notDone(isPatch),
  },
  { loses: 'tests in a patch', noticed: ['patch.json-test'], asked: sent(/,\{"op":"test"[^}]*\}/, '') },
  {
    loses: 'refusals of a patch',
    noticed: ['patch.json-refused', 'patch.validated', 'fhirpatch.refused', 'patch.unknown', 'patch.xml'],
    answered: instead([400, 404, 409, 412, 415, 422], 200, isPatch),
  },
]
