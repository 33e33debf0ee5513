/** RFC 5261's operations on a resource: what is patched in XML is read again in JSON. */
import { Fault } from '../../src/base/fault.ts'
import { loadDefinitions } from '../../src/fhir/definitions/load.ts'
import { xmlPatchOf } from '../../src/fhir/xml-patch.ts'

const definitions = loadDefinitions()
const diff = (operations: string): string =>
  `<?xml version="1.0"?><diff xmlns="http://hl7.org/fhir" xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">${operations}</diff>`
const patched = async (stored: object | string, operations: string): Promise<string> =>
  (await xmlPatchOf(definitions, diff(operations)))(typeof stored === 'string' ? stored : JSON.stringify(stored))
const kindOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
    return 'done'
  } catch (error) {
    if (error instanceof Fault) return error.kind
    throw error
  }
}

const patient = {
  resourceType: 'Patient',
  id: 'a',
  active: true,
  name: [
    { use: 'official', family: 'A', given: ['B', 'C'] },
    { use: 'usual', text: 'D' },
  ],
  birthDate: '1920-01-01',
}

it.each<[string, string, object]>([
  ['replace a value', '<replace sel="Patient/birthDate/@value">1930-01-01</replace>', { ...patient, birthDate: '1930-01-01' }],
  [
    'replace under prefixes and from the root',
    '<replace sel="/f:Patient/f:birthDate/@value">1930-01-01</replace>',
    { ...patient, birthDate: '1930-01-01' },
  ],
  [
    'replace by position',
    '<replace sel="Patient/name[1]/given[2]/@value">X</replace>',
    { ...patient, name: [{ ...patient.name[0], given: ['B', 'X'] }, patient.name[1]] },
  ],
  [
    'replace by a value',
    `<replace sel="Patient/name[use/@value='usual']/text/@value">X</replace>`,
    { ...patient, name: [patient.name[0], { use: 'usual', text: 'X' }] },
  ],
  [
    'replace an element',
    '<replace sel="Patient/name[2]"><name><text value="X"/></name></replace>',
    { ...patient, name: [patient.name[0], { text: 'X' }] },
  ],
  ['add at the end', '<add sel="Patient"><gender value="female"/></add>', { ...patient, gender: 'female' }],
  [
    'add at the beginning',
    '<add sel="Patient/name[1]" pos="prepend"><text value="X"/></add>',
    { ...patient, name: [{ ...patient.name[0], text: 'X' }, patient.name[1]] },
  ],
  [
    'add before',
    '<add sel="Patient/name[2]" pos="before"><name><text value="X"/></name></add>',
    { ...patient, name: [patient.name[0], { text: 'X' }, patient.name[1]] },
  ],
  [
    'add after',
    '<add sel="Patient/name[1]/given[1]" pos="after"><given value="X"/></add>',
    { ...patient, name: [{ ...patient.name[0], given: ['B', 'X', 'C'] }, patient.name[1]] },
  ],
  [
    'add an attribute',
    '<add sel="Patient/name[2]" type="@id">n2</add>',
    { ...patient, name: [patient.name[0], { ...patient.name[1], id: 'n2' }] },
  ],
  [
    'add an extension',
    '<add sel="Patient/birthDate"><extension url="urn:x"><valueCode value="y"/></extension></add>',
    { ...patient, _birthDate: { extension: [{ url: 'urn:x', valueCode: 'y' }] } },
  ],
  ['remove an element', '<remove sel="Patient/name[1]"/>', { ...patient, name: [patient.name[1]] }],
  ['remove a value and what is left empty', '<remove sel="Patient/birthDate/@value"/>', (({ birthDate: _, ...rest }) => rest)(patient)],
  [
    'see what went before',
    '<remove sel="Patient/name[1]"/><replace sel="Patient/name[1]/text/@value">X</replace>',
    { ...patient, name: [{ use: 'usual', text: 'X' }] },
  ],
  ['nothing', '', patient],
])('%s', async (_name, operations, expected) => {
  expect(JSON.parse(await patched(patient, operations))).toEqual(expected)
})

it('reaches into a narrative', async () => {
  const stored = { ...patient, text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Two</p></div>' } }
  const { text } = JSON.parse(await patched(stored, '<replace sel="Patient/text/h:div/h:p[2]/text()">Three &amp; four</replace>'))
  expect(text.div).toBe('<div xmlns="http://www.w3.org/1999/xhtml"><p>One</p><p>Three &amp; four</p></div>')
})

it('keeps the digits of decimals', async () => {
  const stored = '{"resourceType":"Location","position":{"longitude":-71.10,"latitude":42.500}}'
  const answer = await patched(stored, '<replace sel="Location/position/latitude/@value">42.70</replace>')
  expect(answer).toBe('{"resourceType":"Location","position":{"longitude":-71.10,"latitude":42.70}}')
})

it.each([
  ['what is not there', '<remove sel="Patient/gender"/>'],
  ['more than one', '<remove sel="Patient/name"/>'],
  ['the whole resource', '<remove sel="Patient"/>'],
  ['the whole resource', '<replace sel="Patient"><Patient/></replace>'],
  ['beside the resource', '<add sel="Patient" pos="after"><gender value="male"/></add>'],
  ['an element by two', '<replace sel="Patient/birthDate"><gender value="male"/><gender value="male"/></replace>'],
  ['an attribute that is there', '<add sel="Patient/birthDate" type="@value">x</add>'],
  ['a namespace', '<add sel="Patient" type="namespace::x">urn:x</add>'],
  ['to an attribute', '<add sel="Patient/birthDate/@value">x</add>'],
  ['nowhere', '<add sel="Patient" pos="aside"><gender value="male"/></add>'],
])('%s cannot be patched', async (_what, operations) => {
  expect(await kindOf(() => patched(patient, operations))).toBe('processing')
})

it.each([
  ['no diff', '<Patient xmlns="http://hl7.org/fhir"/>', 'structure'],
  ['an operation that is none', diff('<change sel="Patient"/>'), 'structure'],
  ['no selector', diff('<remove/>'), 'structure'],
  ['a selector that searches everywhere', diff('<remove sel="//name"/>'), 'structure'],
  ['a selector that counts', diff('<remove sel="Patient/name[count(given)=1]"/>'), 'structure'],
  ['a prefix that means nothing', diff('<remove sel="x:Patient/x:name"/>'), 'structure'],
  ['a prefix on an attribute', diff('<remove sel="Patient/@x:id"/>'), 'structure'],
  ['a document type', '<!DOCTYPE diff [<!ENTITY a "b">]><diff>&a;</diff>', 'malformed'],
  ['broken XML', '<diff><remove></diff>', 'malformed'],
  ['too much', diff(`<!--${'x'.repeat(300_000)}-->`), 'too-costly'],
])('a patch with %s is refused before it is tried', async (_what, patch, kind) => {
  expect(await kindOf(() => xmlPatchOf(definitions, patch))).toBe(kind)
})

it('is refused where what comes of it is no FHIR', async () => {
  expect(await kindOf(() => patched(patient, '<add sel="Patient"><colour value="blue"/></add>'))).toBe('structure')
  expect(await kindOf(() => patched(patient, '<add sel="Patient"><x xmlns="urn:other"/></add>'))).toBe('structure')
  expect(await kindOf(() => patched(patient, '<add sel="Patient/birthDate">text</add>'))).toBe('structure')
})
