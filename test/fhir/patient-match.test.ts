/** The grades of `$match` on pairs made by hand: what a careful registrar would say of each. */
import { patientMatch } from '../../src/fhir/patient-match/patient-match.ts'
import type { Resource } from '../../src/fhir/resource.ts'

const mrn = (value: string) => ({ system: 'urn:oid:1.2.3', value })
const anna: Resource = {
  resourceType: 'Patient',
  identifier: [mrn('A-100')],
  name: [{ family: 'Müller-Lüdenscheidt', given: ['Anna', 'Maria'] }],
  birthDate: '1984-03-12',
  gender: 'female',
  telecom: [
    { system: 'phone', value: '+49 30 1234567' },
    { system: 'email', value: 'anna@example.org' },
  ],
  address: [{ line: ['Lindenstraße 5'], postalCode: '10969', city: 'Berlin' }],
}
const like = (change: object): Resource => ({ ...anna, identifier: undefined, telecom: undefined, address: undefined, ...change })

describe('patientMatch', () => {
  it.each<[string, string, object]>([
    ['herself', 'certain', anna],
    ['number and birth date', 'certain', { ...like({}), name: undefined, identifier: [mrn('A-100')] }],
    [
      'name, birth date and the same phone written otherwise',
      'certain',
      like({ telecom: [{ system: 'phone', value: '0049-30-1234567' }] }),
    ],
    [
      'name without accents, birth date, address',
      'certain',
      like({ name: [{ family: 'Muller Ludenscheidt', given: ['ANNA'] }], address: anna.address }),
    ],
    [
      'the number with a new family name',
      'probable',
      { ...like({}), identifier: [mrn('A-100')], name: [{ family: 'Schmidt', given: ['Anna'] }] },
    ],
    [
      'her number and her old name among others',
      'certain',
      { ...like({}), identifier: [mrn('A-100')], name: [{ family: 'Schmidt', given: ['Anna'] }, ...(anna.name as object[])] },
    ],
    ['name and birth date alone', 'probable', like({})],
    ['the number alone', 'probable', { resourceType: 'Patient', identifier: [mrn('A-100')] }],
    ['a birth date with one digit wrong, and her phone', 'probable', like({ birthDate: '1984-03-13', telecom: anna.telecom })],
    ['day and month changed round, and her phone', 'probable', like({ birthDate: '1984-12-03', telecom: anna.telecom })],
    [
      'a slip in the family name, birth date, address',
      'probable',
      like({ name: [{ family: 'Müler-Lüdenscheidt', given: ['Anna'] }], address: anna.address }),
    ],
    [
      'her twin: all but the given name',
      'possible',
      { ...anna, identifier: undefined, name: [{ family: 'Müller-Lüdenscheidt', given: ['Berta'] }] },
    ],
    ['another number of the same system, all else hers', 'possible', { ...anna, identifier: [mrn('A-999')] }],
    [
      'her number, but another name and birth date: mistyped',
      'possible',
      { ...like({}), identifier: [mrn('A-100')], name: [{ family: 'Ito', given: ['Ken'] }], birthDate: '1950-01-01', gender: undefined },
    ],
    [
      'her daughter: family, phone and address',
      'certainly-not',
      { ...anna, identifier: undefined, name: [{ family: 'Müller-Lüdenscheidt', given: ['Clara'] }], birthDate: '2012-08-01' },
    ],
    ['a namesake born another year', 'certainly-not', like({ birthDate: '1961-07-30' })],
    ['a stranger born the same day', 'certainly-not', like({ name: [{ family: 'Ito', given: ['Ken'] }], gender: 'male' })],
    ['nothing in common to compare', 'certainly-not', { resourceType: 'Patient' }],
  ])('%s: %s', (_who, grade, other) => {
    expect(patientMatch(anna, other as Resource).grade).toBe(grade)
    expect(patientMatch(other as Resource, anna).grade).toBe(grade)
  })

  it('scores the surer pair higher, between 0 and 1', () => {
    const scores = [like({ birthDate: '1961-07-30' }), like({ birthDate: '1984-03' }), like({}), anna].map(
      (other) => patientMatch(anna, other).score,
    )
    expect(scores.toSorted((a, b) => a - b)).toEqual(scores)
    for (const score of scores) expect(score >= 0 && score <= 1).toBe(true)
  })
})
