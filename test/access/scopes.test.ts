/** Scope strings of SMART v1 and v2, each against the grant that the specification gives it. */
import { parseScopes } from '../../src/access/scopes.ts'

const read = (text: string): string[] =>
  parseScopes(text).map(
    ({ level, type, verbs, query }) => `${level} ${type} ${[...verbs].join('')}${query === undefined ? '' : ` where ${query}`}`,
  )

describe('parseScopes', () => {
  it.each([
    ['patient/Appointment.read', ['patient Appointment rs']],
    ['user/Appointment.write', ['user Appointment cud']],
    ['system/*.*', ['system * cruds']],
    ['system/*.cruds', ['system * cruds']],
    ['patient/Slot.rs', ['patient Slot rs']],
    ['patient/Slot.s', ['patient Slot s']],
    ['user/Patient.cu', ['user Patient cu']],
    ['system/Slot.rs?status=free', ['system Slot rs where status=free']],
    ['system/Slot.rs?status=free&start=ge2026', ['system Slot rs where status=free&start=ge2026']],
    ['patient/Patient.r  patient/Slot.s', ['patient Patient r', 'patient Slot s']],
  ])('reads %s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  it.each([
    '',
    'openid fhirUser launch/patient offline_access',
    'patient/Slot.sr', // letters out of order
    'patient/Slot.rr',
    'patient/Slot.',
    'patient/Slot',
    'patient/slot.rs',
    'Patient/Slot.rs',
    'everyone/Slot.rs',
    'patient/*Slot.rs',
    'patient/Slot.rsx',
    'patient/Slot.read?status=free', // v1 has no search part
    'patient/Slot.rs?',
  ])('grants nothing for "%s"', (text) => {
    expect(read(text)).toEqual([])
  })

  it('passes over a part that it cannot read and keeps the rest', () => {
    expect(read('nonsense patient/Slot.xyz user/Slot.r')).toEqual(['user Slot r'])
  })
})
