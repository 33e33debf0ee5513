/** What a server can leave unjudged: it stores it as it is, or mends it without a word. */
import type { Asked, Mutation } from '../../support/spoiling-proxy.ts'
import { at, instead, json, madeUp, sent } from '../spoil.ts'

const outcome = (severity: string): string =>
  JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ severity, code: 'informational' }] })
const isWrite = ({ method }: Asked): boolean => method === 'POST' || method === 'PUT'

export const validation: readonly Mutation[] = [
  {
    loses: 'extensions that nobody knows',
    noticed: ['validation.accepts'],
    answered: (answer, { body }) => (body.includes('urn:nobody:knows') ? { ...answer, status: 422 } : answer),
  },
  { loses: 'refusals of unknown elements', noticed: ['json.elements'], asked: sent(',"colour":"red"', '') },
  { loses: 'the difference of one and many', noticed: ['json.shapes'], asked: sent('["1980-01-01"]', '"1980-01-01"') },
  { loses: 'the difference of a text and a boolean', noticed: ['json.shapes'], asked: sent('"active":"true"', '"active":true') },
  { loses: 'refusals of empty lists', noticed: ['json.empty'], asked: sent(',"telecom":[]', '') },
  { loses: 'refusals of null', noticed: ['json.empty'], asked: sent(',"maritalStatus":null', '') },
  { loses: 'the calendar', noticed: ['datatypes.formats'], asked: sent('2026-02-30', '2026-02-28') },
  { loses: 'blanks at the end of a code', noticed: ['datatypes.formats'], asked: sent('"free "', '"free"') },
  { loses: 'required bindings', noticed: ['terminologies.required'], asked: sent('"gender":"F"', '"gender":"female"') },
  {
    loses: 'invariants',
    noticed: ['conformance-rules.invariants'],
    asked: sent('"contact":[{"gender":"male"}]', '"contact":[{"name":{"text":"x"}}]'),
  },
  {
    loses: 'the types that a reference may lead to',
    noticed: ['references.target'],
    answered: madeUp(({ body }) => body.includes('"managingOrganization":{"reference":"Patient/x"}')),
  },
  {
    loses: 'all judgement of what is created',
    noticed: [
      'json.elements',
      'json.shapes',
      'json.empty',
      'datatypes.formats',
      'terminologies.required',
      'conformance-rules.invariants',
      'references.target',
      'validation.cardinality',
      'profiling.declared',
    ],
    answered: madeUp(isWrite),
  },
  { loses: 'judgement of updates', noticed: ['update.validated'], answered: instead([400, 422], 200, ({ method }) => method === 'PUT') },
  {
    loses: 'all issues but the first',
    noticed: ['operationoutcome.all-issues'],
    answered: (answer) =>
      json(answer, (body) => {
        if (body.resourceType === 'OperationOutcome') body.issue = body.issue.slice(0, 1)
      }),
  },
  {
    loses: 'OperationOutcome.expression',
    noticed: ['validation.cardinality', 'operationoutcome.all-issues'],
    answered: (answer) =>
      json(answer, (body) => {
        for (const issue of body.issue ?? []) delete issue.expression
      }),
  },
  {
    loses: '$validate, and finds nothing wrong',
    noticed: ['validate.resource', 'profiling.declared'],
    answered: at(/\$validate$/, (answer) => ({ ...answer, status: 200, body: outcome('information') })),
  },
  {
    loses: '$validate, and finds everything wrong',
    noticed: ['validate.resource', 'validate.existing'],
    answered: at(/\$validate$/, (answer) => ({ ...answer, status: 200, body: outcome('error') })),
  },
]
