/**
 * The selectors of an XML Patch (RFC 5261 4.1): a way down from the root, by names, positions and values to look for.
 * Names without a prefix are FHIR's.
 *
 * Left out of what the RFC allows: `//`, `id()` and other functions. What is left costs no more than the document is long.
 */
import type { Document, Node } from '@xmldom/xmldom'
import { patchPathCharsMax } from '../../base/limits.ts'
import { fhirNamespace } from './read-xml.ts'

/** The nodes that a selector finds. */
export type Select = (document: Document) => Node[]

const name = '(?:[A-Za-z_][\\w.-]*:)?[A-Za-z_][\\w.-]*'
const attribute = '@[A-Za-z_][\\w-]*'
const literal = `(?:"[^"]*"|'[^']*')`
const inside = `(?:${name}/)*(?:${attribute}|${name}|\\.)`
const predicate = `\\[\\s*(?:[1-9]\\d{0,5}|${inside}\\s*=\\s*${literal})\\s*\\]`
const step = `(?:${name}|\\*)(?:${predicate})*`
const grammar = new RegExp(`^/?${step}(?:/${step})*(?:/${attribute}|/text\\(\\)(?:\\[[1-9]\\d{0,5}\\])?)?$`)

/** Undefined where the text is no selector, or has a prefix that means nothing. */
export async function selectorOf(text: string, namespaceOf: (prefix: string) => string | null): Promise<Select | undefined> {
  const selector = text.trim()
  if (selector.length > patchPathCharsMax || !grammar.test(selector)) return undefined
  const prefixes: Record<string, string> = { [ours]: fhirNamespace }
  const qualified = selector.replace(tokens, (token, prefix?: string) => {
    if (!isElementName(token)) return token
    if (prefix === undefined) return `${ours}:${token}`
    prefixes[prefix] = namespaceOf(prefix) ?? ''
    return token
  })
  if (Object.values(prefixes).includes('')) return undefined
  const { default: xpath } = await import('xpath')
  const select = xpath.useNamespaces(prefixes)
  return (document) => {
    const found = select(`/${qualified.replace(/^\//, '')}`, document as never)
    return Array.isArray(found) ? (found as unknown as Node[]) : []
  }
}

const ours = 'slotwise-fhir'
/** Literals, attributes, the node test `text()`, and names with or without a prefix. */
const tokens = new RegExp(`${literal}|${attribute}|text\\(\\)|(?:([A-Za-z_][\\w.-]*):)?[A-Za-z_][\\w.-]*`, 'g')
const isElementName = (token: string): boolean => /^[A-Za-z_]/.test(token) && token !== 'text()'
