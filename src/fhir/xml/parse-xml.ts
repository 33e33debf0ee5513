/**
 * XML text to elements: the part of XML that FHIR allows, which is XML without a document type. There are no entities but
 * the five of XML itself, so nothing can expand; depth and number are bounded, so nothing can grow.
 * https://www.w3.org/TR/xml/, https://www.w3.org/TR/xml-names/ and https://hl7.org/fhir/R4/security.html#narrative
 *
 * Text is checked and not kept: in FHIR it stands in narratives alone, which are cut from the source by their positions.
 * By hand because a DOM of 4 MB takes xmldom 1.8 s and 1.2 GB where this takes a fifth of a second (test/fhir/xml holds the
 * two against each other).
 */
import { type Fault, fault } from '../../base/fault.ts'
import { xmlElementsMax, xmlNestingMax } from '../../base/limits.ts'

export type XmlElement = {
  /** Without its prefix. */
  readonly name: string
  readonly namespace: string
  /** By name as it was written, `xmlns` among them. */
  readonly attributes: ReadonlyMap<string, string>
  readonly children: XmlElement[]
  /** Whether there is text beside blanks in it. */
  hasText: boolean
  /** Where it stands in the source: the first character, and the one after the last. */
  readonly start: number
  end: number
}

type Namespaces = ReadonlyMap<string, string>
type Open = { readonly element: XmlElement; readonly qualified: string; readonly namespaces: Namespaces }
type Reading = { readonly text: string; at: number; count: number; root?: XmlElement; readonly open: Open[] }

const xmlNamespace = 'http://www.w3.org/XML/1998/namespace'
const noAttributes: ReadonlyMap<string, string> = new Map()

/** The root element; a Fault `malformed` where the text is not one well-formed document, or is one that nobody sends in good faith. */
export function parseXml(source: string): XmlElement {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source
  const reading: Reading = { text, at: 0, count: 0, open: [] }
  const stray = text.search(notXml)
  if (stray !== -1) throw broken(reading, stray, 'a character that XML does not have')
  readDeclaration(reading)
  while (reading.at < text.length) {
    const next = text.indexOf('<', reading.at)
    readText(reading, next === -1 ? text.length : next)
    if (next !== -1) readMarkup(reading)
  }
  if (reading.open.length > 0 || !reading.root) throw broken(reading, text.length, 'it ends before its root element does')
  return reading.root
}

const notXml = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

function broken({ text }: Reading, at: number, what: string): Fault {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  return fault('malformed', `The body is not well-formed XML: it breaks at line ${line}, column ${column} (${what}).`)
}

function readDeclaration(reading: Reading): void {
  const declaration = /^<\?xml\s[^<>]*?\?>/.exec(reading.text)?.[0]
  if (declaration === undefined) return
  const encoding = /\sencoding\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1]
  if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) throw fault('unsupported-media-type', 'Send the body in UTF-8.')
  reading.at = declaration.length
}

function readText(reading: Reading, end: number): void {
  if (end === reading.at) return
  const text = reading.text.slice(reading.at, end)
  const inside = reading.open.at(-1)
  if (/[^\s]/.test(text)) {
    if (!inside) throw broken(reading, reading.at, 'text outside the root element')
    if (text.includes(']]>')) throw broken(reading, reading.at + text.indexOf(']]>'), ']]> in text')
    inside.element.hasText = true
    assertReferences(reading, text, reading.at)
  }
  reading.at = end
}

function readMarkup(reading: Reading): void {
  const { text, at } = reading
  if (text.startsWith('</', at)) closeElement(reading)
  else if (text.startsWith('<!--', at)) skip(reading, '<!--', '--', '-->', 'a comment')
  else if (text.startsWith('<![CDATA[', at) && reading.open.length > 0) readCdata(reading)
  else if (text.startsWith('<!', at))
    throw fault('malformed', 'The XML has a document type or an entity declaration, which FHIR does not allow.')
  else if (text.startsWith('<?', at)) skip(reading, '<?', '?>', '?>', 'a processing instruction')
  else openElement(reading)
}

/** Past what begins with `lead` and must end, at the first `mark`, with `end`. */
function skip(reading: Reading, lead: string, mark: string, end: string, what: string): void {
  const found = reading.text.indexOf(mark, reading.at + lead.length)
  if (found === -1 || !reading.text.startsWith(end, found)) throw broken(reading, reading.at, `${what} that does not end as it must`)
  reading.at = found + end.length
}

function readCdata(reading: Reading): void {
  const inside = reading.open.at(-1)
  if (inside) inside.element.hasText = true
  skip(reading, '<![CDATA[', ']]>', ']]>', 'a CDATA section')
}

const name = '[A-Za-z_\\u0080-\\uffff][\\w.\\-\\u0080-\\uffff]*'
const opening = new RegExp(`<(?:(${name}):)?(${name})`, 'y')
const attribute = new RegExp(`\\s+((?:${name}:)?${name})\\s*=\\s*(?:"([^<"]*)"|'([^<']*)')`, 'y')
const closing = new RegExp(`</((?:${name}:)?${name})\\s*>`, 'y')
const ending = /\s*(\/?)>/y

function matchAt(pattern: RegExp, reading: Reading): RegExpExecArray | undefined {
  pattern.lastIndex = reading.at
  const found = pattern.exec(reading.text) ?? undefined
  if (found) reading.at = pattern.lastIndex
  return found
}

function openElement(reading: Reading): void {
  const start = reading.at
  const [tag, prefix = '', local = ''] = matchAt(opening, reading) ?? []
  if (tag === undefined) throw broken(reading, start, '"<" that begins no element: write &lt;')
  const attributes = readAttributes(reading)
  const end = matchAt(ending, reading)
  if (!end) throw broken(reading, reading.at, 'an attribute that cannot be read, or a tag that does not end')
  const parent = reading.open.at(-1)
  const namespaces = namespacesOf(parent?.namespaces, attributes)
  const namespace = namespaces.get(prefix)
  if (namespace === undefined && prefix !== '') throw broken(reading, start, 'a prefix without a namespace')
  const element: XmlElement = { name: local, namespace: namespace ?? '', attributes, children: [], hasText: false, start, end: reading.at }
  place(reading, element, parent)
  if (end[1] === '') reading.open.push({ element, qualified: tag.slice(1), namespaces })
}

function place(reading: Reading, element: XmlElement, parent: Open | undefined): void {
  reading.count += 1
  if (reading.count > xmlElementsMax) throw fault('too-costly', `A body in XML has at most ${xmlElementsMax} elements. Send it in JSON.`)
  if (reading.open.length >= xmlNestingMax) throw fault('malformed', `The XML is nested deeper than ${xmlNestingMax} levels.`)
  if (parent) parent.element.children.push(element)
  else if (reading.root) throw broken(reading, element.start, 'a second root element')
  else reading.root = element
}

function readAttributes(reading: Reading): ReadonlyMap<string, string> {
  let attributes: Map<string, string> | undefined
  for (;;) {
    const start = reading.at
    const [whole, qualified = '', double, single] = matchAt(attribute, reading) ?? []
    if (whole === undefined) return attributes ?? noAttributes
    attributes ??= new Map()
    if (attributes.has(qualified)) throw broken(reading, start, 'an attribute that is given twice')
    attributes.set(qualified, decoded(reading, (double ?? single ?? '').replace(/\r\n|[\t\n\r]/g, ' '), start))
  }
}

const firstNamespaces: Namespaces = new Map([['xml', xmlNamespace]])

function namespacesOf(around: Namespaces = firstNamespaces, attributes: ReadonlyMap<string, string>): Namespaces {
  const declared = [...attributes].filter(([key]) => key === 'xmlns' || key.startsWith('xmlns:'))
  if (declared.length === 0) return around
  return new Map([...around, ...declared.map(([key, value]): [string, string] => [key.slice('xmlns:'.length), value])])
}

function closeElement(reading: Reading): void {
  const start = reading.at
  const qualified = matchAt(closing, reading)?.[1]
  const open = reading.open.pop()
  if (!open || open.qualified !== qualified) throw broken(reading, start, 'an end tag that closes another element')
  open.element.end = reading.at
}

const own: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const reference = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));/g
const noReference = /&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)/

/** Every reference is one that XML knows, to a character that it has. */
function assertReferences(reading: Reading, text: string, at: number): void {
  if (!text.includes('&')) return
  if (noReference.test(text)) throw broken(reading, at, '"&" that begins no reference that XML knows: write &amp;')
  if (!text.includes('&#')) return
  for (const [, named, decimal, hex] of text.matchAll(reference))
    if (named === undefined && notXml.test(charOf(decimal, hex) ?? '\0'))
      throw broken(reading, at, 'a reference to a character that XML does not have')
}

function charOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

/** Text with its references read: to the five characters that XML names, and to others by number. */
function decoded(reading: Reading, text: string, at: number): string {
  if (!text.includes('&')) return text
  assertReferences(reading, text, at)
  return text.replace(reference, (_whole, named?: string, decimal?: string, hex?: string) =>
    named === undefined ? (charOf(decimal, hex) ?? '') : (own[named] ?? ''),
  )
}
