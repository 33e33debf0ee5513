/**
 * A resource's JSON text to an XML document: elements in the order of the definitions, which is the only one that XML
 * allows, whatever the order of the JSON. https://hl7.org/fhir/R4/xml.html
 *
 * What is stored has been validated: every property has its field. A narrative goes out as it is where it is well-formed;
 * where it is not, its text does, for people to read.
 */
import type { Definitions } from '../definitions/types.ts'
import { digitsOf, parseExact } from '../json.ts'
import { type Field, type Shape, shapeOf } from '../validate/shapes.ts'
import { parseXml } from './parse-xml.ts'
import { fhirNamespace, isAttribute, xhtmlNamespace } from './read-xml.ts'

type Properties = Readonly<Record<string, unknown>>
type Writing = { readonly definitions: Definitions; readonly pretty: boolean; readonly parts: string[] }

export function writeXml(definitions: Definitions, json: string, pretty: boolean): string {
  const writing: Writing = { definitions, pretty, parts: ['<?xml version="1.0" encoding="UTF-8"?>'] }
  writeResource(writing, parseExact(json) as Properties, 0, ` xmlns="${fhirNamespace}"`)
  return writing.parts.join('')
}

function put({ parts, pretty }: Writing, depth: number, text: string): void {
  parts.push(pretty ? `\n${'  '.repeat(depth)}${text}` : text)
}

function writeResource(writing: Writing, resource: Properties, depth: number, declared = ''): void {
  const type = String(resource.resourceType)
  writeElement(writing, type, shapeOf(writing.definitions, type), resource, depth, declared)
}

/** `attributes` are those that are not among the properties: a namespace, a value. */
function writeElement(writing: Writing, name: string, shape: Shape, properties: Properties, depth: number, attributes = ''): void {
  const fields = fieldsIn(shape, properties)
  const said = fields.filter((field) => isAttribute(shape, field)).map((field) => attributeText(field.key, properties[field.key]))
  const inside = fields.filter((field) => !isAttribute(shape, field))
  const start = `<${name}${said.join('')}${attributes}`
  if (inside.length === 0) {
    put(writing, depth, `${start}/>`)
    return
  }
  put(writing, depth, `${start}>`)
  for (const field of inside) writeField(writing, field, properties, depth + 1)
  put(writing, depth, `</${name}>`)
}

const ranks = new WeakMap<Shape, ReadonlyMap<string, number>>()

function rankIn(shape: Shape): ReadonlyMap<string, number> {
  const known = ranks.get(shape) ?? new Map([...shape.fields.keys()].map((key, at) => [key, at]))
  ranks.set(shape, known)
  return known
}

/** The fields that the object has a value or extensions for, in their order. */
function fieldsIn(shape: Shape, properties: Properties): Field[] {
  const rank = rankIn(shape)
  const keys = new Set(Object.keys(properties).map((key) => (key.startsWith('_') ? key.slice(1) : key)))
  return [...keys].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0)).flatMap((key) => shape.fields.get(key) ?? [])
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

function writeField(writing: Writing, field: Field, properties: Properties, depth: number): void {
  const values = listOf(properties[field.key])
  if (field.kind === 'complex') {
    const shape = shapeOf(writing.definitions, field.type)
    for (const value of values) writeElement(writing, field.key, shape, value as Properties, depth)
  } else if (field.kind === 'resource') for (const value of values) writeInner(writing, field.key, value as Properties, depth)
  else if (field.type === 'xhtml') put(writing, depth, narrative(String(values[0] ?? '')))
  else writePrimitives(writing, field, values, listOf(properties[`_${field.key}`]), depth)
}

function writeInner(writing: Writing, name: string, resource: Properties, depth: number): void {
  put(writing, depth, `<${name}>`)
  writeResource(writing, resource, depth + 1)
  put(writing, depth, `</${name}>`)
}

function writePrimitives(writing: Writing, field: Field, values: readonly unknown[], twins: readonly unknown[], depth: number): void {
  const shape = shapeOf(writing.definitions, 'Element')
  for (let at = 0; at < Math.max(values.length, twins.length); at++) {
    const value = values[at] ?? undefined
    writeElement(
      writing,
      field.key,
      shape,
      (twins[at] ?? {}) as Properties,
      depth,
      value === undefined ? '' : attributeText('value', value),
    )
  }
}

const attributeText = (name: string, value: unknown): string => ` ${name}="${escaped(digitsOf(value) ?? String(value))}"`

const special = /[&<>"\t\n\r]|[^\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
const everySpecial = new RegExp(special, 'gu')

/** What no XML may hold, by number or otherwise, becomes U+FFFD. */
const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
}

const escaped = (text: string): string => (special.test(text) ? text.replace(everySpecial, (char) => replacements[char] ?? '\uFFFD') : text)

function narrative(div: string): string {
  return isNarrative(div) ? div.trim() : `<div xmlns="${xhtmlNamespace}">${escaped(div)}</div>`
}

/** One well-formed `div` in the namespace of XHTML, and nothing that would end or begin another document. */
function isNarrative(text: string): boolean {
  try {
    const { name, namespace, start, end } = parseXml(text)
    return name === 'div' && namespace === xhtmlNamespace && start === text.search(/\S/) && end === text.trimEnd().length
  } catch {
    return false
  }
}
