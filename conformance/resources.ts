/** Resources that checks send: small, valid, and nobody's. */

export type Resource = { readonly resourceType: string; readonly [element: string]: unknown }

export const patient = (family: string, more: object = {}): Resource => ({
  resourceType: 'Patient',
  name: [{ family, given: ['Conformance'] }],
  gender: 'female',
  birthDate: '1980-02-29',
  ...more,
})

/** A token that finds what has it and nothing else. */
export const identifier = (tag: string, value: string): { system: string; value: string } => ({ system: `urn:conformance:${tag}`, value })
export const asToken = ({ system, value }: { system: string; value: string }): string => `${system}|${value}`

/** Everything that a resource may be made of: narrative, extensions, contained resources, primitives with extensions. */
export const richPatient = (tag: string): Resource => ({
  resourceType: 'Patient',
  language: 'en',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Ana <b>Söderström</b> &amp; co</p></div>' },
  contained: [{ resourceType: 'Organization', id: 'home', name: `Home ${tag}` }],
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace', valueAddress: { city: 'Uppsala', country: 'SE' } }],
  identifier: [{ use: 'official', ...identifier(tag, 'rich') }],
  active: true,
  name: [{ use: 'official', family: 'Söderström', given: ['Ana', 'Zoë'] }, { text: '山田 花子' }],
  telecom: [{ system: 'email', value: `${tag}@example.org`, rank: 1 }],
  gender: 'female',
  birthDate: '1980-02-29',
  _birthDate: {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1980-02-29T07:31:00+01:00' }],
  },
  deceasedBoolean: false,
  address: [{ line: ['Storgatan 1', 'c/o "Ek" <2>'], city: 'Uppsala', postalCode: '753 31', country: 'SE' }],
  contact: [{ relationship: [{ text: 'sister' }], name: { family: 'Ek' }, gender: 'female' }],
  communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'sv' }] }, preferred: true }],
  managingOrganization: { reference: '#home' },
})
