/** What each role may give to an app, by a table made by hand; and that the documentation knows every role. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { narrowScopes } from '../../src/access/narrow-scopes.ts'
import { type Role, roles, scopesOfRoles } from '../../src/access/role-scopes.ts'

const asked = [
  'patient/Appointment.cruds',
  'user/Appointment.cruds',
  'user/Patient.rs',
  'user/AuditEvent.rs',
  'user/Subscription.c',
  'user/StructureDefinition.u',
  'system/Appointment.rs',
  '__sensitive-visits',
]
const clinical = ['patient/Appointment.cruds', 'user/Appointment.cruds', 'user/Patient.rs']

const table: Readonly<Record<Role, readonly string[]>> = {
  patient: ['patient/Appointment.cruds'],
  proxy: ['patient/Appointment.cruds'],
  'proxy-reader': ['patient/Appointment.rs'],
  'front-desk': clinical,
  practitioner: clinical,
  manager: [...clinical, 'user/AuditEvent.rs', 'user/Subscription.c', 'user/StructureDefinition.u'],
  auditor: ['user/AuditEvent.rs'],
  'sensitive-visits': ['__sensitive-visits'],
}

describe('a role', () => {
  it.each(Object.entries(table))('of %s gives what its line says', (role, given) => {
    expect(narrowScopes(asked.join(' '), scopesOfRoles([role])).toSorted()).toEqual(given.toSorted())
  })

  it('of nobody gives a system scope, and all of them together neither', () => {
    expect(narrowScopes('system/*.rs system/Slot.r', scopesOfRoles(roles))).toEqual([])
  })

  it('stands in the documentation', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/sign-in.md'), 'utf8')
    const rows = page.split('\n').filter((line) => line.startsWith('|'))
    expect(roles.filter((role) => !rows.some((row) => row.split('|')[1]?.includes(`\`${role}\``)))).toEqual([])
  })
})
