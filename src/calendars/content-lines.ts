/**
 * iCalendar as text: folded lines become properties with parameters, and BEGIN and END become components.
 * https://www.rfc-editor.org/rfc/rfc5545#section-3.1
 * Left out: binary attachments and everything about how a calendar is exchanged.
 */
import { fault } from '../base/fault.ts'

export type Property = {
  /** In capitals. */
  readonly name: string
  /** Names in capitals; of several values the first. */
  readonly params: Readonly<Record<string, string>>
  readonly value: string
}

export type Component = { readonly name: string; readonly properties: readonly Property[]; readonly parts: readonly Component[] }

const unfolded = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, '')
    .replace(/\r?\n[ \t]/g, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')

/** A name, then `;NAME=value` with the value in quotes or without, then the rest behind the colon. */
const linePattern = /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$/s
const paramPattern = /;([A-Za-z0-9-]+)=(?:"([^"]*)"|([^";:,]*))/g

function propertyOf(line: string, at: number): Property {
  const [, name, params = '', value = ''] = linePattern.exec(line) ?? []
  if (name === undefined) throw fault('structure', `Line ${at + 1} of the calendar is none of iCalendar's.`)
  const pairs = [...params.matchAll(paramPattern)].map(([, key = '', quoted, plain]) => [key.toUpperCase(), quoted ?? plain ?? ''])
  return { name: name.toUpperCase(), params: Object.fromEntries(pairs), value }
}

/** The calendars of a file; most have one. Throws `structure`. */
export function calendarsIn(text: string): Component[] {
  const root: Component & { parts: Component[] } = { name: '', properties: [], parts: [] }
  const open: { name: string; properties: Property[]; parts: Component[] }[] = [{ ...root, properties: [] }]
  for (const [at, line] of unfolded(text).entries()) {
    const property = propertyOf(line, at)
    const inner = open.at(-1)
    if (property.name === 'BEGIN') open.push({ name: property.value.trim().toUpperCase(), properties: [], parts: [] })
    else if (property.name === 'END') {
      const outer = open.at(-2)
      if (!inner || !outer || inner.name !== property.value.trim().toUpperCase())
        throw fault('structure', `Line ${at + 1} of the calendar ends what was not begun.`)
      open.pop()
      outer.parts.push(inner)
    } else inner?.properties.push(property)
  }
  const [whole, left] = open
  const calendars = whole?.parts.filter(({ name }) => name === 'VCALENDAR') ?? []
  if (left || calendars.length === 0)
    throw fault('structure', 'The file is no whole iCalendar: it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR.')
  return calendars
}

/** TEXT with its escapes undone. https://www.rfc-editor.org/rfc/rfc5545#section-3.3.11 */
export const textOf = (value: string): string =>
  value.replace(/\\([\\;,nN])/g, (_, escaped: string) => (/n/i.test(escaped) ? '\n' : escaped))
