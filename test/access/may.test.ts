/** What scopes come to for a type: the strongest grant wins, and a patient scope reaches one patient alone. */
import type { Actor } from '../../src/access/actor.ts'
import { may } from '../../src/access/may.ts'
import { parseScopes, type Verb } from '../../src/access/scopes.ts'

const actor = (scope: string, patient?: string): Actor => ({ client: 'test', patient, scopes: parseScopes(scope) })

const all: readonly Verb[] = ['c', 'r', 'u', 'd', 's']
const verbsAllowed = (who: Actor, type: string): string => all.filter((verb) => may(who, verb, type).allowed).join('')

describe('may', () => {
  it.each([
    ['system/*.cruds', 'Appointment', 'cruds'],
    ['system/Appointment.rs', 'Appointment', 'rs'],
    ['system/Appointment.rs', 'Patient', ''],
    ['user/*.read', 'Slot', 'rs'],
    ['user/Slot.write', 'Slot', 'cud'],
    ['', 'Slot', ''],
  ])('%s on %s allows "%s"', (scope, type, verbs) => {
    expect(verbsAllowed(actor(scope), type)).toBe(verbs)
  })

  it('confines a patient scope to the patient in context', () => {
    expect(may(actor('patient/Appointment.rs', 'p1'), 'r', 'Appointment')).toEqual({ allowed: true, patient: 'p1' })
  })

  it('grants nothing to a patient scope without a patient in context', () => {
    expect(verbsAllowed(actor('patient/*.cruds'), 'Appointment')).toBe('')
    expect(verbsAllowed(actor('patient/*.cruds'), 'Slot')).toBe('')
  })

  it('lets a wider grant win over a patient scope', () => {
    expect(may(actor('patient/Patient.rs user/Patient.rs', 'p1'), 's', 'Patient')).toEqual({ allowed: true })
    expect(may(actor('patient/Patient.cruds user/Patient.r', 'p1'), 's', 'Patient')).toEqual({ allowed: true, patient: 'p1' })
  })

  it('hands on granular searches, any of which may match', () => {
    expect(may(actor('system/Slot.rs?status=free system/Slot.rs?status=busy'), 'r', 'Slot')).toEqual({
      allowed: true,
      queries: ['status=free', 'status=busy'],
    })
    expect(may(actor('patient/Appointment.rs?status=booked', 'p1'), 'r', 'Appointment')).toEqual({
      allowed: true,
      patient: 'p1',
      queries: ['status=booked'],
    })
  })

  it('drops the searches where a grant without one stands beside them', () => {
    expect(may(actor('system/Slot.rs?status=free system/Slot.rs'), 'r', 'Slot')).toEqual({ allowed: true })
  })

  it.each(['Slot', 'Practitioner', 'Location', 'HealthcareService', 'Organization', 'ValueSet'])(
    'lets a patient read all of the directory (%s) and write none of it',
    (type) => {
      const patient = actor('patient/*.cruds', 'p1')
      expect(verbsAllowed(patient, type)).toBe('rs')
      expect(may(patient, 'r', type)).toEqual({ allowed: true })
    },
  )

  it.each(['Schedule', 'Device'])('lets a patient read a %s, confined, and write none', (type) => {
    const patient = actor('patient/*.cruds', 'p1')
    expect(verbsAllowed(patient, type)).toBe('rs')
    expect(may(patient, 's', type)).toEqual({ allowed: true, patient: 'p1' })
  })

  it.each(['Subscription', 'Endpoint'])('keeps %s closed to patients', (type) => {
    expect(verbsAllowed(actor('patient/*.cruds', 'p1'), type)).toBe('')
  })
})
