/** What a server can do wrong when it exports. */
import type { Asked, Mutation } from '../../support/spoiling-proxy.ts'
import { dropped, instead, json, loseHeader } from '../spoil.ts'

const isOrder = ({ path }: Asked): boolean => path.includes('$export')

const unread =
  (name: RegExp): Mutation['asked'] =>
  (asked) =>
    isOrder(asked) ? { ...asked, path: dropped(asked.path, name) } : asked

/** The manifest without one of its elements. */
const manifestWithout =
  (element: string): Mutation['answered'] =>
  (answer) =>
    json(answer, (body) => body.transactionTime && delete body[element])

export const bulk: readonly Mutation[] = [
  {
    loses: 'Content-Location of an export',
    noticed: ['bulk-data-kick-off-request.accepted'],
    answered: loseHeader('content-location'),
  },
  {
    loses: 'the refusal of an export without respond-async',
    noticed: ['bulk-data-kick-off-request.accepted'],
    asked: (asked) => (isOrder(asked) ? { ...asked, headers: { ...asked.headers, prefer: 'respond-async' } } : asked),
  },
  { loses: 'refusals of what an export does not know', noticed: ['query-parameters.refuses'], answered: instead([400, 422], 202, isOrder) },
  { loses: '_since of an export', noticed: ['query-parameters.since'], asked: unread(/^_since$/) },
  { loses: '_type of an export', noticed: ['query-parameters.type'], asked: unread(/^_type$/) },
  { loses: 'transactionTime', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('transactionTime') },
  { loses: 'request of a manifest', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('request') },
  { loses: 'error of a manifest', noticed: ['bulk-data-status-request.manifest'], answered: manifestWithout('error') },
  {
    loses: 'tokens of files',
    noticed: ['bulk-data-output-file-request.authorized'],
    answered: (answer) => (answer.status === 401 ? { ...answer, status: 200 } : answer),
  },
]
