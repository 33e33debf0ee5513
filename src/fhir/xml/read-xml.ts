/**
 * A resource in XML to JSON text, by the definitions: what repeats becomes an array, numbers keep their digits, ids and
 * extensions of primitives go to `_name`. https://hl7.org/fhir/R4/xml.html and https://hl7.org/fhir/R4/json.html#primitive
 *
 * What XML cannot carry into JSON is refused here: unknown elements, text outside narratives. A value of the wrong kind
 * (`<active value="yes"/>`) becomes a string, and validation says what is wrong with it.
 */
import { type Fault, fault } from '../../base/fault.ts'
import type { Definitions } from '../definitions/types.ts'
import { numberOf } from '../json.ts'
import { type Field, type Shape, shapeOf } from '../validate/shapes.ts'
import { parseXml, type XmlElement } from './parse-xml.ts'

export const fhirNamespace = 'http://hl7.org/fhir'
export const xhtmlNamespace = 'http://www.w3.org/1999/xhtml'

type Source = { readonly definitions: Definitions; readonly text: string }
type Properties = Record<string, unknown>

export function readXml(definitions: Definitions, xml: string): string {
  const text = xml.startsWith('\uFEFF') ? xml.slice(1) : xml
  return JSON.stringify(readResource({ definitions, text }, parseXml(text), ''))
}

function readResource(source: Source, element: XmlElement, path: string): Properties {
  const type = source.definitions.types.get(element.name)
  if (element.namespace !== fhirNamespace)
    throw fault('structure', `A resource in XML is in the namespace ${fhirNamespace}.`, path === '' ? undefined : path)
  if (type?.kind !== 'resource')
    throw fault('structure', `R4 has no resource type '${element.name.slice(0, 64)}'.`, path === '' ? undefined : path)
  return {
    resourceType: element.name,
    ...readElement(source, shapeOf(source.definitions, element.name), element, path === '' ? element.name : path),
  }
}

/** Attributes and children of a resource or of a complex element. */
function readElement(source: Source, shape: Shape, element: XmlElement, path: string): Properties {
  const read = readAttributes(shape, element, path)
  if (element.hasText) throw fault('structure', 'In FHIR values stand in the attribute "value"; there is no text here.', path)
  const lists = new Set<Field>()
  for (const child of element.children) {
    const field = shape.fields.get(child.name)
    const isForeign = child.namespace !== (field?.type === 'xhtml' ? xhtmlNamespace : fhirNamespace)
    if (!field || isForeign || isAttribute(shape, field)) throw unknown(shape, child.name, path)
    const place = `${path}.${field.label}`
    if (!field.repeats && (read[field.key] !== undefined || read[`_${field.key}`] !== undefined))
      throw fault('structure', `${field.key} may be given once only.`, place)
    if (field.kind !== 'primitive' || field.type === 'xhtml') add(read, field, valueIn(source, field, child, place))
    else addPrimitive(source, read, field, child, place)
    if (field.kind === 'primitive' && field.repeats) lists.add(field)
  }
  for (const field of lists) leaveOutEmpty(read, field)
  return read
}

const unknown = (shape: Shape, name: string, path: string): Fault =>
  fault('structure', `${shape.name} has no element '${name.slice(0, 64)}'.`, /^\w{1,64}$/.test(name) ? `${path}.${name}` : path)

/** What XML writes as an attribute: the id of any element, which for a resource is an element itself, and an extension's url. */
export const isAttribute = (shape: Shape, field: Field): boolean =>
  (field.key === 'id' && !shape.isResource) || (field.key === 'url' && shape.name === 'Extension')

const isForXmlItself = (name: string): boolean => name === 'xmlns' || name.startsWith('xmlns:') || name.startsWith('xsi:')

function readAttributes(shape: Shape, element: XmlElement, path: string): Properties {
  const read: Properties = {}
  for (const [name, value] of element.attributes) {
    if (isForXmlItself(name)) continue
    const field = shape.fields.get(name)
    if (!field || !isAttribute(shape, field)) throw fault('structure', `There is no attribute '${name.slice(0, 64)}' here.`, path)
    read[name] = value
  }
  return read
}

function add(read: Properties, field: Field, value: unknown): void {
  if (!field.repeats) read[field.key] = value
  else if (Array.isArray(read[field.key])) (read[field.key] as unknown[]).push(value)
  else read[field.key] = [value]
}

function valueIn(source: Source, field: Field, element: XmlElement, path: string): unknown {
  if (field.type === 'xhtml') return narrative(source, element, path)
  if (field.kind === 'complex') return readElement(source, shapeOf(source.definitions, field.type), element, path)
  const [inner, ...others] = element.children
  if (!inner || others.length > 0 || element.hasText) throw fault('structure', 'One resource belongs here.', path)
  return readResource(source, inner, path)
}

/** The source itself: JSON holds a narrative as its text. */
function narrative({ text }: Source, element: XmlElement, path: string): string {
  if (element.namespace !== xhtmlNamespace || element.attributes.get('xmlns') !== xhtmlNamespace || !text.startsWith('<div', element.start))
    throw fault('structure', `A narrative is <div xmlns="${xhtmlNamespace}">.`, path)
  return text.slice(element.start, element.end).replace(/\r\n?/g, '\n')
}

function addPrimitive(source: Source, read: Properties, field: Field, element: XmlElement, path: string): void {
  const { value, twin } = readPrimitive(source, field, element, path)
  const more = { ...field, key: `_${field.key}` }
  if (value !== undefined || field.repeats) add(read, field, value ?? null)
  if (twin !== undefined || field.repeats) add(read, more, twin ?? null)
}

/** Values and twins of a repeating primitive are two lists in which `null` fills the gaps; one of nothing else is left out. */
function leaveOutEmpty(read: Properties, { key }: Field): void {
  for (const name of [key, `_${key}`]) if ((read[name] as unknown[]).every((one) => one === null)) delete read[name]
}

function readPrimitive(source: Source, field: Field, element: XmlElement, path: string): { value?: unknown; twin?: Properties } {
  const value = element.attributes.get('value')
  const rest = new Map([...element.attributes].filter(([name]) => name !== 'value'))
  const more = rest.size > 0 || element.children.length > 0 || element.hasText
  const twin = more ? readElement(source, shapeOf(source.definitions, 'Element'), { ...element, attributes: rest }, path) : {}
  if (value === undefined && Object.keys(twin).length === 0) throw fault('structure', 'An element has a value or extensions.', path)
  return { value: value === undefined ? undefined : typed(field.type, value), twin: Object.keys(twin).length > 0 ? twin : undefined }
}

const wholeNumber = /^-?(?:0|[1-9]\d*)$/
const decimalNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function typed(type: string, text: string): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (type === 'decimal') return decimalNumber.test(text) ? numberOf(text) : text
  const isWhole = type === 'integer' || type === 'positiveInt' || type === 'unsignedInt'
  return isWhole && wholeNumber.test(text) ? numberOf(text) : text
}
