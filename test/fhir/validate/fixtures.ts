/** A right Slot, Appointment and Patient to start from, and the issues of a resource in short. */
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import { validate } from '../../../src/fhir/validate/validate.ts'

export const definitions = loadDefinitions()

export type Json = Record<string, unknown>

export const slot = {
  resourceType: 'Slot',
  schedule: { reference: 'Schedule/1' },
  status: 'free',
  start: '2026-03-02T09:00:00Z',
  end: '2026-03-02T09:15:00Z',
}
export const visit = {
  resourceType: 'Appointment',
  status: 'booked',
  start: '2026-03-02T09:00:00Z',
  end: '2026-03-02T09:15:00Z',
  participant: [{ actor: { reference: 'Patient/1' }, status: 'accepted' }],
}
export const patient = (more: Json): Json => ({ resourceType: 'Patient', ...more })

/** The issues as `code expression`, notes left out. */
export const said = (resource: unknown, type?: string): string[] =>
  validate(definitions, resource, { type })
    .filter((issue) => issue.severity !== 'information')
    .map((issue) => `${issue.severity === 'error' ? '' : `${issue.severity} `}${issue.code} ${issue.expression}`)
