/** The Patient compartment, and that no served type falls between its rules. */
import { closedToPatients, directoryTypes, inCompartment, sharedTypes } from '../../src/access/compartment.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { confinementOf } from '../../src/fhir/patient-compartment.ts'
import { servedTypes } from '../../src/fhir/resource.ts'

const definitions = loadDefinitions()
const visit = { resourceType: 'Appointment', status: 'booked', participant: [{ actor: { reference: 'Patient/p1' }, status: 'accepted' }] }

describe('inCompartment', () => {
  it('holds the appointment that a patient takes part in, and nobody else’s', () => {
    expect(inCompartment(definitions, visit, 'p1')).toBe(true)
    expect(inCompartment(definitions, visit, 'p')).toBe(false)
    expect(inCompartment(definitions, visit, 'p2')).toBe(false)
  })

  it('knows an address under our own base as ours', () => {
    const absolute = { ...visit, participant: [{ actor: { reference: 'https://clinic.example/fhir/Patient/p1' }, status: 'accepted' }] }
    expect(inCompartment(definitions, absolute, 'p1', 'https://clinic.example/fhir')).toBe(true)
    expect(inCompartment(definitions, absolute, 'p1', 'https://other.example/fhir')).toBe(false)
  })

  it('holds a Patient for itself alone, whoever it links to', () => {
    const linked = { resourceType: 'Patient', id: 'p2', link: [{ other: { reference: 'Patient/p1' }, type: 'seealso' }] }
    expect(inCompartment(definitions, linked, 'p2')).toBe(true)
    expect(inCompartment(definitions, linked, 'p1')).toBe(false)
  })

  it('never holds a part of the directory', () => {
    expect(inCompartment(definitions, { resourceType: 'Schedule', actor: [{ reference: 'Patient/p1' }] }, 'p1')).toBe(false)
    expect(inCompartment(definitions, { resourceType: 'Slot', id: 's1' }, 'p1')).toBe(false)
  })
})

describe('the rules for patient scopes', () => {
  it.each([...servedTypes])('place %s as search does', (type) => {
    const confinement = confinementOf(definitions, type)
    expect(directoryTypes.has(type) || closedToPatients.has(type)).toBe(confinement === 'open')
    expect(sharedTypes.has(type)).toBe(confinement === 'not-others')
  })
})
