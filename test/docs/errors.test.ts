/** The table of refusals against the union of Faults and what the door makes of each. */
import { type FaultKind, fault } from '../../src/base/fault.ts'
import { appWith, type Outcome } from '../http/door.ts'
import { code, page, rows } from './markdown.ts'

const table = rows(page('docs/errors.md')).map(([kind = '', status, issue = '']) => ({
  kind: code(kind)[0] as FaultKind,
  status: Number(status),
  code: code(issue)[0],
}))

/** As the union in the source lists them: a type leaves nothing to ask at run time. */
const kinds = [...(/export type FaultKind =\n([\s\S]*?)\n\n/.exec(page('src/base/fault.ts'))?.[1] ?? '').matchAll(/\| '([a-z-]+)'/g)].map(
  ([, kind]) => kind,
)

describe('docs/errors.md', () => {
  it('has a row for each kind of refusal, and none besides', () => {
    expect(table.map(({ kind }) => String(kind)).toSorted()).toEqual(kinds.toSorted())
  })

  it.each(table)('says what $kind answers: $status $code', async ({ kind, status, code: issueCode }) => {
    const { app } = appWith(() => {
      throw fault(kind, 'Because.')
    })
    const answer = await app.inject('/fhir/Slot/1')
    await app.close()
    expect({ status: answer.statusCode, code: answer.json<Outcome>().issue[0]?.code }).toEqual({ status, code: issueCode })
  })
})

it('every table of refusals on the page of operations says a status and code that go together', () => {
  const pairs = new Set(table.map((row) => `${row.status} ${row.code}`))
  const lines = page('docs/operations.md').matchAll(/^\|[^|]+\| (\d{3})[^|]*\| `([a-z-]+)` \|$/gm)
  const written = [...lines].map(([, status, issue]) => `${status} ${issue}`)
  expect(written.length).toBeGreaterThan(8)
  expect(written.filter((pair) => !pairs.has(pair))).toEqual([])
})
