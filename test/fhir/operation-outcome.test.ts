import { fault } from '../../src/base/fault.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { allOk, outcomeOfFault } from '../../src/fhir/operation-outcome.ts'
import { validate } from '../../src/fhir/validate/validate.ts'

const definitions = loadDefinitions()
const nextTime = { slot: 'Slot/s1', start: '2026-05-04T13:00:00.000Z', end: '2026-05-04T13:15:00.000Z' }

describe('OperationOutcome', () => {
  it('carries code, sentence and element', () => {
    expect(outcomeOfFault(fault('required', 'Say when.', 'start'))).toEqual({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', code: 'required', diagnostics: 'Say when.', expression: ['start'] }],
    })
  })

  it('offers next times as the extension of the contract', () => {
    expect(outcomeOfFault(fault('conflict', 'Taken.', undefined, [nextTime])).extension).toEqual([
      {
        url: 'https://slotwise.org/fhir/StructureDefinition/next-time',
        extension: [
          { url: 'slot', valueReference: { reference: 'Slot/s1' } },
          { url: 'start', valueInstant: '2026-05-04T13:00:00.000Z' },
          { url: 'end', valueInstant: '2026-05-04T13:15:00.000Z' },
        ],
      },
    ])
  })

  it.each([
    ['a refusal', outcomeOfFault(fault('conflict', 'Taken.', 'Appointment.start', [nextTime, nextTime]))],
    ['a remark', allOk('Created.')],
  ])('is valid FHIR as %s', (_what, outcome) => {
    expect(validate(definitions, outcome)).toEqual([])
  })
})
