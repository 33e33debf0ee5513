import { localReference, relativeReference, typeOfReference } from '../../src/fhir/reference.ts'

const base = 'https://clinic.example/fhir'

describe('references', () => {
  it.each([
    ['Patient/1', 'Patient/1'],
    ['Patient/1/_history/3', 'Patient/1'],
    [`${base}/Patient/1`, 'Patient/1'],
    [`${base}/Patient/1/_history/3`, 'Patient/1'],
    ['https://clinic.example/fhir2/Patient/1', 'https://clinic.example/fhir2/Patient/1'],
    ['https://other.example/Patient/1/_history/3', 'https://other.example/Patient/1/_history/3'],
    ['HTTPS://Clinic.Example/fhir/Patient/1', 'Patient/1'],
    ['https://clinic.example:443/fhir/Patient/1/_history/3', 'Patient/1'],
    ['https://clinic.example:8443/fhir/Patient/1', 'https://clinic.example:8443/fhir/Patient/1'],
    ['http://clinic.example/fhir/Patient/1', 'http://clinic.example/fhir/Patient/1'],
    ['https://clinic.example/FHIR/Patient/1', 'https://clinic.example/FHIR/Patient/1'],
    ['https://clinic.example', 'https://clinic.example'],
    ['#contained', '#contained'],
    ['urn:uuid:0195', 'urn:uuid:0195'],
  ])('%s becomes %s', (written, expected) => expect(relativeReference(written, base)).toBe(expected))

  it('tells the type of a local one, and of one elsewhere', () => {
    expect(localReference('Patient/1')).toEqual({ type: 'Patient', id: '1' })
    expect(localReference('https://other.example/Patient/1')).toBeUndefined()
    expect(typeOfReference('https://other.example/Patient/1/_history/2')).toBe('Patient')
    expect(typeOfReference('urn:uuid:0195')).toBeUndefined()
  })
})
