/** Single rules of FHIR's XML (https://hl7.org/fhir/R4/xml.html), each beside the JSON it stands for. */
import { Fault } from '../../../src/base/fault.ts'
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import { fromXml, toXml } from '../../../src/fhir/xml.ts'

const definitions = loadDefinitions()
const patient = (inside: string): string => `<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`

it.each([
  [
    'a decimal keeps its digits',
    '<extension url="http://x"><valueDecimal value="1.500"/></extension>',
    '"extension":[{"url":"http://x","valueDecimal":1.500}]',
  ],
  [
    'a number too long for a double',
    '<extension url="http://x"><valueDecimal value="0.12345678901234567890"/></extension>',
    '"extension":[{"url":"http://x","valueDecimal":0.12345678901234567890}]',
  ],
  ['a boolean', '<active value="false"/>', '"active":false'],
  ['zero', '<multipleBirthInteger value="0"/>', '"multipleBirthInteger":0'],
  [
    'an extension without a value',
    '<birthDate><extension url="http://x"><valueCode value="a"/></extension></birthDate>',
    '"_birthDate":{"extension":[{"url":"http://x","valueCode":"a"}]}',
  ],
  ['an id of an element', '<birthDate id="b" value="2000"/>', '"birthDate":"2000","_birthDate":{"id":"b"}'],
  [
    'a gap before an extension',
    '<name><given value="A"/><given id="b" value="B"/></name>',
    '"name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]',
  ],
  ['a gap among values', '<name><given id="a"/><given value="B"/></name>', '"name":[{"given":[null,"B"],"_given":[{"id":"a"},null]}]'],
  ['nothing but extensions', '<name><given id="a"/></name>', '"name":[{"_given":[{"id":"a"}]}]'],
  ['one of what may repeat', '<name><family value="B"/></name>', '"name":[{"family":"B"}]'],
  ['line breaks and quotes', '<name><text value="a&#10;&quot;b&quot;&#9;&lt;&amp;"/></name>', '"name":[{"text":"a\\n\\"b\\"\\t<&"}]'],
  [
    'a narrative as it stands',
    '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"> a &quot;b&quot; <b  title=\'c\'>d</b><!-- e --></div></text>',
    '"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"> a &quot;b&quot; <b  title=\'c\'>d</b><!-- e --></div>"}',
  ],
])('%s', async (_name, xml, json) => {
  const text = `{"resourceType":"Patient",${json}}`
  expect(await fromXml(definitions, patient(xml))).toBe(text)
  expect(await toXml(definitions, text)).toContain(
    `<Patient xmlns="http://hl7.org/fhir">${xml.replaceAll('&quot;b&quot;&#9;', '&quot;b&quot;&#9;')}</Patient>`,
  )
})

it('reads a contained resource of a type that is not served', async () => {
  const xml =
    '<ServiceRequest xmlns="http://hl7.org/fhir"><contained><Specimen><id value="s"/><condition><text value="x"/></condition></Specimen></contained></ServiceRequest>'
  const json = '{"resourceType":"ServiceRequest","contained":[{"resourceType":"Specimen","id":"s","condition":[{"text":"x"}]}]}'
  expect(await fromXml(definitions, xml)).toBe(json)
  expect(await toXml(definitions, json)).toContain(xml)
})

it('takes a default prefix, schema locations and any order of elements', async () => {
  const xml =
    '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"><f:gender value="male"/><f:id value="1"/></f:Patient>'
  expect(JSON.parse(await fromXml(definitions, xml))).toEqual({ resourceType: 'Patient', id: '1', gender: 'male' })
})

it('leaves a value of the wrong kind for validation to judge', async () => {
  expect(await fromXml(definitions, patient('<active value="yes"/>'))).toBe('{"resourceType":"Patient","active":"yes"}')
})

it.each([
  ['an element that is not', '<nickname value="x"/>', "Patient has no element 'nickname'.", 'Patient.nickname'],
  ['an attribute that is not', '<name use="official"/>', "There is no attribute 'use' here.", 'Patient.name'],
  ['text', 'hello', 'In FHIR values stand in the attribute "value"; there is no text here.', 'Patient'],
  [
    'text in an element',
    '<gender>male</gender>',
    'In FHIR values stand in the attribute "value"; there is no text here.',
    'Patient.gender',
  ],
  ['an empty element', '<gender/>', 'An element has a value or extensions.', 'Patient.gender'],
  ['the same twice', '<gender value="male"/><gender value="male"/>', 'gender may be given once only.', 'Patient.gender'],
  ['another namespace', '<gender xmlns="urn:x" value="male"/>', "Patient has no element 'gender'.", 'Patient.gender'],
  ['a narrative of no namespace', '<text><div>a</div></text>', "Narrative has no element 'div'.", 'Patient.text.div'],
])('refuses %s', async (_name, xml, diagnostics, expression) => {
  const refused = await fromXml(definitions, patient(xml)).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(Fault)
  expect((refused as Fault).issues).toEqual([{ severity: 'error', code: 'structure', diagnostics, expression }])
})

it.each([
  '<Patient/>',
  '<Nothing xmlns="http://hl7.org/fhir"/>',
  '<Patient xmlns="urn:hl7-org:v3"/>',
  '<Element xmlns="http://hl7.org/fhir"/>',
])('refuses %s, which is no resource', async (xml) => {
  await expect(fromXml(definitions, xml)).rejects.toBeInstanceOf(Fault)
})

it('writes a broken narrative as text that breaks nothing', async () => {
  for (const div of [
    '<div>a</div>',
    '<div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div>',
    '</div><active value="true"/>',
    '<script>',
  ]) {
    const json = JSON.stringify({ resourceType: 'Patient', text: { status: 'generated', div } })
    const back = JSON.parse(await fromXml(definitions, await toXml(definitions, json))) as { text: { div: string } }
    expect(Object.keys(back)).toEqual(['resourceType', 'text'])
    expect(back.text.div).toBe(
      `<div xmlns="http://www.w3.org/1999/xhtml">${div.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')}</div>`,
    )
  }
})
