/** HL7's examples through XML and back, digit by digit; and as a DOM parser of other hands reads what we write. */
import { DOMParser, type Element } from '@xmldom/xmldom'
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts'
import { fromXml, toXml } from '../../../src/fhir/xml.ts'
import { parseExact } from '../../interactions/exact-json.ts'
import { examplesAreThere, exampleText, readExamples } from '../validate/examples.ts'

const definitions = loadDefinitions()
const suite = examplesAreThere ? describe : describe.skip
const names = readExamples().map(([name]) => name)

suite(`HL7's examples in XML${examplesAreThere ? '' : ' (skipped: ../shared/data/r4-examples is not there)'}`, () => {
  it.each([false, true])('are equal once they come back (pretty: %s)', async (pretty) => {
    const differing: string[] = []
    for (const name of names) {
      const text = exampleText(name)
      const back = await fromXml(definitions, await toXml(definitions, text, pretty))
      if (JSON.stringify(sorted(parseExact(back))) !== JSON.stringify(sorted(parseExact(text)))) differing.push(name)
    }
    expect(differing).toEqual([])
    expect(names.length).toBeGreaterThan(140)
  })

  it('hold the values, and as many, that another parser finds in the JSON', async () => {
    for (const name of names) {
      const text = exampleText(name)
      const document = new DOMParser().parseFromString(await toXml(definitions, text), 'text/xml')
      expect(valuesInXml(document.documentElement as Element).toSorted()).toEqual(valuesInJson(parseExact(text)).toSorted())
    }
  })

  it('have their elements in the order of the specification', async () => {
    const xml = await toXml(
      definitions,
      '{"gender":"male","resourceType":"Patient","name":[{"given":["A"],"family":"B"}],"id":"1","active":true}',
    )
    expect(xml).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="1"/><active value="true"/>' +
        '<name><family value="B"/><given value="A"/></name><gender value="male"/></Patient>',
    )
  })
})

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  )
}

/** Every attribute `value`, `url` and `id`; narratives are left to the other test. */
function valuesInXml(element: Element): string[] {
  if (element.namespaceURI === 'http://www.w3.org/1999/xhtml') return []
  const own = ['value', 'url', 'id'].flatMap((name) => element.getAttribute(name) ?? [])
  return [...own, ...Array.from(element.childNodes).flatMap((child) => (child.nodeType === 1 ? valuesInXml(child as Element) : []))]
}

function valuesInJson(value: unknown, key = ''): string[] {
  if (value === null || key === 'resourceType' || key === 'div') return []
  if (typeof value !== 'object') return [String(value).replace(/^number /, '')]
  if (Array.isArray(value)) return value.flatMap((one) => valuesInJson(one))
  return Object.entries(value).flatMap(([name, one]) => valuesInJson(one, name))
}
