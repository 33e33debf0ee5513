/** The tables of words that users write or look for, against the lists in the source: roles, and what audit events call a deed. */
import { roles } from '../../src/access/role-scopes.ts'
import { type AuditInteraction, auditInteractions, auditOf } from '../../src/audit/audit-of.ts'
import { securityInteractions } from '../../src/audit/security-event-resource.ts'
import { systemClock } from '../../src/base/clock.ts'
import { systemIds } from '../../src/base/ids.ts'
import { code, page, rows, section } from './markdown.ts'

const words = (table: readonly string[][]): string[] => table.flatMap(([first = '']) => code(first)).toSorted()

it('each role has its row in docs/sign-in.md, and no other has', () => {
  const people = section(page('docs/sign-in.md'), '## People')
  expect(words(rows(people))).toEqual(roles.toSorted())
})

describe('docs/security.md', () => {
  const audit = section(page('docs/security.md'), '## Audit')
  const nobodys = rows(audit)
  const somebodys = rows(audit.slice(audit.indexOf('**What is done.**')))

  it('has each word by which an audit event calls a deed, with its action, and none besides', () => {
    expect(words(somebodys)).toEqual(auditInteractions.filter((word) => !securityInteractions.includes(word)).toSorted())
    for (const [first = '', action = ''] of somebodys)
      for (const word of code(first)) {
        const row = auditOf({ clock: systemClock, ids: systemIds }, { client: 'x' }, word as AuditInteraction)
        expect([word, code(action)]).toEqual([word, [row.action]])
      }
  })

  it('has each event of what is nobody’s data, and none besides', () => {
    const first = nobodys.map(([cell = '']) => code(cell)[0])
    expect(first.toSorted()).toEqual(securityInteractions.toSorted())
  })
})
