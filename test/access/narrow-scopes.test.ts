/** What is left of scopes within others, against a table made by hand. */
import { narrowScopes } from '../../src/access/narrow-scopes.ts'

describe('scopes within what may be given', () => {
  it.each([
    ['system/Slot.rs', 'system/*.rs', 'system/Slot.rs'],
    ['system/*.cruds', 'system/*.rs', 'system/*.rs'],
    ['system/*.rs', 'system/Slot.rs system/Schedule.s', 'system/Slot.rs system/Schedule.s'],
    ['system/Slot.c', 'system/Slot.rs', ''],
    ['user/Slot.rs', 'system/*.cruds', ''],
    ['patient/Appointment.read', 'patient/*.rs', 'patient/Appointment.read'],
    ['patient/*.*', 'patient/*.rs', 'patient/*.read'],
    ['patient/*.write', 'patient/Appointment.cu', 'patient/Appointment.cu'],
    ['patient/*.read', 'patient/Appointment.cruds patient/Slot.rs', 'patient/Appointment.read patient/Slot.read'],
    ['patient/Appointment.rs?status=booked', 'patient/Appointment.cruds', 'patient/Appointment.rs?status=booked'],
    ['patient/Appointment.rs', 'patient/Appointment.rs?status=booked', 'patient/Appointment.rs?status=booked'],
    ['patient/Appointment.rs?date=ge2026', 'patient/*.rs?_id=1', 'patient/Appointment.rs?date=ge2026&_id=1'],
    ['openid fhirUser launch/patient', 'openid launch/patient', 'openid launch/patient'],
    ['launch/patient?role=x', 'launch/patient', 'launch/patient?role=x'],
    ['patient/Nonsense patient/Slot.sr', 'patient/*.cruds', ''],
    ['', 'patient/*.cruds', ''],
  ])('%s within %s is %j', (asked, allowed, left) => {
    expect(narrowScopes(asked, allowed).join(' ')).toBe(left)
  })
})
