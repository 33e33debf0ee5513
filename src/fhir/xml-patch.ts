/**
 * XML Patch: https://datatracker.ietf.org/doc/html/rfc5261, on the XML that a resource stands for, which then becomes JSON
 * again. https://hl7.org/fhir/R4/http.html#patch
 *
 * Left out: namespace declarations as targets, which no resource has a use for; `ws`, since there are no blanks between
 * the elements here. The libraries are loaded with the first patch.
 */
import type { Attr, Document, Element, Node, Text } from '@xmldom/xmldom'
import { type Fault, fault } from '../base/fault.ts'
import { patchOperationsMax, xmlPatchCharsMax } from '../base/limits.ts'
import type { Definitions } from './definitions/types.ts'
import { parseXml } from './xml/parse-xml.ts'
import { type Select, selectorOf } from './xml/selector.ts'
import { fromXml, toXml } from './xml.ts'

type Operation = { readonly element: Element; readonly kind: string; readonly select: Select }
type Draft = { readonly document: Document; readonly operation: Element; readonly refuse: (what: string) => Fault }

/** The operations of a patch, each in good order. Throws where they are not. */
export async function xmlPatchOf(definitions: Definitions, patch: string): Promise<(stored: string) => Promise<string>> {
  assertShort(patch)
  // Read by ours first, which knows what nobody sends in good faith.
  parseXml(patch)
  const operations = await operationsOf(await parsed(patch))
  return async (stored) => {
    const xml = await toXml(definitions, stored)
    assertShort(xml)
    const document = await parsed(xml)
    for (const [index, operation] of operations.entries()) perform(document, operation, index)
    const { XMLSerializer } = await import('@xmldom/xmldom')
    return fromXml(definitions, new XMLSerializer().serializeToString(document))
  }
}

/** A document tree takes three hundred times the room of its text. */
function assertShort(xml: string): void {
  if (xml.length > xmlPatchCharsMax)
    throw fault('too-costly', `An XML Patch and what it changes have at most ${xmlPatchCharsMax / 1024} KB: use JSON Patch.`)
}

async function parsed(xml: string): Promise<Document> {
  const { DOMParser } = await import('@xmldom/xmldom')
  return new DOMParser().parseFromString(xml, 'text/xml')
}

async function operationsOf(patch: Document): Promise<Operation[]> {
  const root = patch.documentElement
  if (root?.localName !== 'diff') throw fault('structure', 'An XML Patch is a <diff> with <add>, <replace> and <remove>.')
  const elements = childrenOf(root).filter(isElement)
  if (elements.length > patchOperationsMax) throw fault('too-costly', `A patch has at most ${patchOperationsMax} operations.`)
  return Promise.all(elements.map(operationOf))
}

async function operationOf(element: Element, index: number): Promise<Operation> {
  const kind = element.localName ?? ''
  if (!Object.hasOwn(deeds, kind)) throw fault('structure', `Operation ${index + 1} of the patch is no <add>, <replace> or <remove>.`)
  const select = await selectorOf(element.getAttribute('sel') ?? '', (prefix) => element.lookupNamespaceURI(prefix))
  if (!select)
    throw fault('structure', `Operation ${index + 1} of the patch has no "sel" that names its way, such as Patient/name[1]/family/@value.`)
  return { element, kind, select }
}

function perform(document: Document, { element, kind, select }: Operation, index: number): void {
  const refuse = (what: string): Fault => fault('processing', `Operation ${index + 1} of the patch (${kind}) cannot be done: ${what}.`)
  const [target, another] = select(document)
  if (!target) throw refuse('there is nothing that its selector finds')
  if (another) throw refuse('its selector finds more than one')
  deeds[kind]?.({ document, operation: element, refuse }, target)
}

const childrenOf = (node: Node): Node[] => Array.from(node.childNodes)
const isElement = (node: Node): node is Element => node.nodeType === 1
const isAttribute = (node: Node): node is Attr => node.nodeType === 2
const isText = (node: Node): node is Text => node.nodeType === 3
/** Comments say nothing to a resource. */
const contentOf = (operation: Element): Node[] => childrenOf(operation).filter((node) => isElement(node) || isText(node))
const textOf = (operation: Element): string => (operation.textContent ?? '').trim()

const deeds: Readonly<Record<string, (draft: Draft, target: Node) => void>> = { add, replace, remove }

function add(draft: Draft, target: Node): void {
  if (!isElement(target)) throw draft.refuse('something can be added to an element alone')
  const type = draft.operation.getAttribute('type')
  if (type?.startsWith('@')) setAttribute(draft, target, type.slice(1))
  else if (type) throw draft.refuse('its type is no attribute, such as @id')
  else addContent(draft, target)
}

function addContent({ document, operation, refuse }: Draft, target: Element): void {
  const content = contentOf(operation).map((node) => document.importNode(node, true))
  const position = operation.getAttribute('pos') ?? ''
  const place = { '': () => target, prepend: () => target, before: () => target.parentNode, after: () => target.parentNode }[position]
  if (!place) throw refuse('its pos is not prepend, before or after')
  const parent = place()
  if (!parent || !isElement(parent)) throw refuse('nothing stands beside the resource')
  const next = { '': null, prepend: target.firstChild, before: target, after: target.nextSibling }[position] ?? null
  for (const node of content) parent.insertBefore(node, next)
}

function setAttribute({ operation, refuse }: Draft, target: Element, name: string): void {
  if (!/^[A-Za-z][\w-]*$/.test(name) || name === 'xmlns') throw refuse('its type names no attribute that an element can have')
  if (target.hasAttribute(name)) throw refuse('the attribute is there already: replace it')
  target.setAttribute(name, textOf(operation))
}

function replace({ document, operation, refuse }: Draft, target: Node): void {
  if (isAttribute(target)) {
    target.ownerElement?.setAttribute(target.name, textOf(operation))
    return
  }
  if (isText(target)) {
    target.data = operation.textContent ?? ''
    return
  }
  const [element, another] = contentOf(operation).filter(isElement)
  if (!element || another) throw refuse('an element is replaced by one element')
  if (!target.parentNode || !isElement(target.parentNode)) throw refuse('a patch does not replace the whole resource')
  target.parentNode.replaceChild(document.importNode(element, true), target)
}

function remove({ document, refuse }: Draft, target: Node): void {
  if (target === document.documentElement) throw refuse('a patch does not remove the whole resource')
  const parent = isAttribute(target) ? target.ownerElement : target.parentNode
  if (isAttribute(target)) target.ownerElement?.removeAttribute(target.name)
  else parent?.removeChild(target)
  if (parent && isElement(parent)) leaveOutEmpty(document, parent)
}

/** What has nothing in it any more goes too, up to the resource. */
function leaveOutEmpty(document: Document, element: Element): void {
  const parent = element.parentNode
  const isEmpty = element.childNodes.length === 0 && Array.from(element.attributes).every(({ name }) => name.startsWith('xmlns'))
  if (!isEmpty || element === document.documentElement || !parent) return
  parent.removeChild(element)
  if (isElement(parent)) leaveOutEmpty(document, parent)
}
