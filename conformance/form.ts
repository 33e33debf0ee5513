/** Forms as they stand in a page: where they lead, what they say by themselves, and what may be typed into them. */

/** Names and values: a text for a field, the value of a button, of a choice or of an option. */
export type Typed = Readonly<Record<string, string>>

export type Form = {
  readonly action: string
  readonly method: 'GET' | 'POST'
  /** What it sends when nothing is typed. */
  readonly fields: Typed
  /** Whether it has all that is to be typed. */
  readonly takes: (typed: Typed) => boolean
}

type Control = { readonly name: string; readonly type: string; readonly value: string; readonly isChosen: boolean }

const isChoice = ({ type }: Control): boolean => ['radio', 'checkbox', 'option'].includes(type)
const isButton = ({ type }: Control): boolean => ['submit', 'button', 'image', 'reset'].includes(type)

export const formsOf = (page: string, url: string): Form[] =>
  [...page.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, head = '', inside = '']) => {
    const { action = '', method = '' } = attributesOf(head)
    const controls = controlsIn(inside)
    const sent = controls.filter((one) => !isButton(one) && (!isChoice(one) || one.isChosen))
    return {
      action: new URL(action, url).href,
      method: method.toUpperCase() === 'POST' ? 'POST' : 'GET',
      fields: Object.fromEntries(sent.map(({ name, value }) => [name, value])),
      takes: (typed) => Object.entries(typed).every(([name, value]) => controls.some((one) => takes(one, name, value))),
    }
  })

const takes = (one: Control, name: string, value: string): boolean =>
  one.name === name && (isButton(one) || isChoice(one) ? one.value === value : one.type !== 'hidden')

function controlsIn(inside: string): Control[] {
  const controls: Control[] = []
  let select = ''
  for (const [, tag = '', said = ''] of inside.matchAll(/<(input|button|select|option|textarea)\b([^>]*)>/gi)) {
    const { name = '', type = '', value, ...more } = attributesOf(said)
    const kind = tag.toLowerCase()
    if (kind === 'select') select = name
    else if (kind === 'option') controls.push({ name: select, type: kind, value: value ?? '', isChosen: 'selected' in more })
    else
      controls.push({
        name,
        type: (type || (kind === 'button' ? 'submit' : 'text')).toLowerCase(),
        value: value ?? (type === 'checkbox' || type === 'radio' ? 'on' : ''),
        isChosen: 'checked' in more,
      })
  }
  return controls.filter(({ name }) => name !== '')
}

const attribute = /([^\s=>"'/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+)))?/g

const attributesOf = (said: string): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    [...said.matchAll(attribute)].map(([, name = '', double, single, bare]) => [name.toLowerCase(), plain(double ?? single ?? bare ?? '')]),
  )

const letters: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }

const plain = (text: string): string =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (name !== undefined) return letters[String(name).toLowerCase()] ?? all
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
  })
