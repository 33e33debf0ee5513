/** Which XML is read and which refused: a table by XML 1.0 and Namespaces 1.0, held against xmldom where that one is right. */
import { DOMParser, type Element } from '@xmldom/xmldom'
import { Fault } from '../../../src/base/fault.ts'
import { bodyBytesMax, xmlElementsMax, xmlNestingMax } from '../../../src/base/limits.ts'
import { parseXml, type XmlElement } from '../../../src/fhir/xml/parse-xml.ts'
import { fc } from '../../support/chance.ts'

const refusal = (text: string): Fault => {
  try {
    parseXml(text)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error(`taken: ${text.slice(0, 100)}`)
}

describe('well-formed XML', () => {
  it('gives elements, namespaces and attributes with their references read', () => {
    const root = parseXml(
      '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<!-- a --><a xmlns="u" xmlns:p="v"><p:b x=\'1&amp;&#65;&#x42;\n"\'/><![CDATA[<]]></a>\n',
    )
    expect(root).toMatchObject({ name: 'a', namespace: 'u', hasText: true })
    expect(root.children).toMatchObject([{ name: 'b', namespace: 'v', hasText: false }])
    expect([...(root.children[0]?.attributes ?? [])]).toEqual([['x', '1&AB "']])
  })

  it('tells where an element begins and ends', () => {
    const text = '<a><b>x<c/></b><d/></a>'
    expect(parseXml(text).children.map(({ start, end }) => text.slice(start, end))).toEqual(['<b>x<c/></b>', '<d/>'])
  })
})

describe('what is not', () => {
  it.each([
    '',
    'x',
    '<a>',
    '</a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a/>x',
    'x<a/>',
    '<a x=1/>',
    '<a x/>',
    '<a x="1" x="2"/>',
    '<a x="1"y="2"/>',
    '<a x="<"/>',
    '<a x="&"/>',
    '<a>a & b</a>',
    '<a>&nbsp;</a>',
    '<a>&#0;</a>',
    '<a>&#xFFFE;</a>',
    '<a>&#x110000;</a>',
    '<a>\u0001</a>',
    '<a>\uD800</a>',
    '<a>]]></a>',
    '<a><!-- a -- b --></a>',
    '<a><!-- a</a>',
    '<a><![CDATA[x</a>',
    '<![CDATA[x]]><a/>',
    '<p:a/>',
    '<1a/>',
    '< a/>',
  ])('%j is refused', (text) => {
    expect(refusal(text).kind).toBe('malformed')
  })

  it('is told by line and column, and never by its words', () => {
    const { message } = refusal('<a>\n  <secret>\n</a>')
    expect(message).toContain('line 3, column 1')
    expect(message).not.toContain('secret')
  })

  it.each([
    '<!DOCTYPE a><a/>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><a>&c;</a>',
    '<a><!ENTITY b "b"></a>',
  ])('%s: no document type, so nothing expands', (text) => {
    expect(refusal(text).message).toContain('document type')
  })

  it('is another encoding', () => {
    expect(refusal('<?xml version="1.0" encoding="ISO-8859-1"?><a/>').kind).toBe('unsupported-media-type')
  })
})

describe('limits', () => {
  it('nests so deep and no deeper', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
    expect(parseXml(nested(xmlNestingMax)).name).toBe('a')
    expect(refusal(nested(xmlNestingMax + 1)).message).toContain('deeper')
  })

  it('holds so many elements and no more', () => {
    expect(refusal(`<a>${'<b/>'.repeat(xmlElementsMax)}</a>`).kind).toBe('too-costly')
  })

  const hostile = (part: string, before = '', after = ''): string => before + part.repeat((bodyBytesMax - 100) / part.length) + after
  it.each([
    ['ampersands', hostile('&', '<a x="', '"/>')],
    ['references', hostile('&amp;', '<a>', '</a>')],
    ['blanks', hostile(' ', '<a', 'x')],
    ['attributes', hostile(' a="1"', '<a', '/>')],
    ['comments', hostile('<!--a-->x', '<a>', '</a>')],
    ['openings', hostile('<a>')],
    ['declarations', hostile('<?xml ')],
    ['brackets', hostile(']', '<a>', '</a>')],
    ['namespaces', hostile('<a xmlns:b="c">')],
  ])(
    '%s as long as a body may be are read or refused, not pondered',
    (_name, text) => {
      // Tens of milliseconds on an idle machine; what takes time by the square of its length takes an hour.
      const began = performance.now()
      try {
        parseXml(text)
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
      }
      expect(performance.now() - began).toBeLessThan(20_000)
    },
    30_000,
  )
})

describe('beside xmldom', () => {
  const name = fc.constantFrom('a', 'b', 'c-d', 'é')
  const text = fc.string({
    unit: fc.constantFrom('a', 'é', '😀', ' ', '\n', '\t', '&', '<', '>', '"', "'", ']', '-', '\u00A0'),
    maxLength: 8,
  })
  const escaped = text.map((one) => one.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&#62;').replaceAll('"', '&quot;'))
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc
      .tuple(
        name,
        fc.option(escaped),
        fc.array(fc.oneof({ maxDepth: 4 }, escaped, fc.constant('<!-- c -->'), tie('tree')), { maxLength: 4 }),
      )
      .map(([tag, value, inside]) => `<${tag}${value === null ? '' : ` v="${value}"`}>${inside.join('')}</${tag}>`),
  }))
  const plain = ({ name: tag, attributes, children }: XmlElement): unknown => [tag, attributes.get('v') ?? null, children.map(plain)]
  const theirs = (element: Element): unknown => [
    element.localName,
    element.getAttribute('v'),
    Array.from(element.childNodes).flatMap((child) => (child.nodeType === 1 ? [theirs(child as Element)] : [])),
  ]

  it('reads the same elements and values in any document', () => {
    fc.assert(
      fc.property(tree, (document) => {
        const dom = new DOMParser().parseFromString(document, 'text/xml')
        expect(plain(parseXml(document))).toEqual(theirs(dom.documentElement as Element))
      }),
      { numRuns: 500 },
    )
  })
})
