/**
 * The page behind a self-service link: one visit and one form. Plain HTML that needs no script and works with a keyboard and
 * a screen reader (WCAG 2.2): a heading, a list of facts, labelled fields in named groups, messages that are announced.
 */
import { createHash } from 'node:crypto'
import { inWords } from '../base/time-zones.ts'
import type { SelfServiceVisit } from '../operations/self-service-visit.ts'

const style = `body{font:1.125rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}
dt{font-weight:600}dd{margin:0 0 .5rem}fieldset{margin:0 0 1rem;border:1px solid #767676}label{display:inline-block;padding:.4rem .6rem}
button{font:inherit;padding:.6rem 1.2rem;border:2px solid #0b4f8a;background:#0b4f8a;color:#fff}
:focus-visible{outline:3px solid #d96c00;outline-offset:2px}.note{border-left:.4rem solid #0b4f8a;padding:.4rem .8rem}
input[type=text]{font:inherit;width:100%;box-sizing:border-box}`

/** Only this style and our own forms; nothing keeps the page, and no other site learns its address. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none';style-src 'sha256-${createHash('sha256').update(style).digest('base64')}';form-action 'self';frame-ancestors 'none';base-uri 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const text = (words: string): string => words.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign)

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`

export const refusalPage = (message: string): string =>
  page('This link does not open a visit', `<p class="note" role="alert">${text(message)}</p>`)

type Saying = { readonly done?: boolean; readonly refused?: string }

export function visitPage(visit: SelfServiceVisit, { done, refused }: Saying): string {
  const note = refused
    ? noteOf('alert', refused)
    : done
      ? noteOf('status', `${said[visit.purpose]} This is how your visit stands now.`)
      : ''
  return page('Your visit', [note, factsOf(visit), done ? '' : formOf(visit)].filter(Boolean).join('\n'))
}

const noteOf = (role: 'alert' | 'status', words: string): string => `<p class="note" role="${role}">${text(words)}</p>`

const said: Readonly<Record<SelfServiceVisit['purpose'], string>> = {
  confirm: 'Thank you, the clinic knows that you come.',
  reschedule: 'Your wish for another time has arrived.',
  cancel: 'Your cancellation has arrived.',
}

const states: Readonly<Record<string, string>> = {
  booked: 'Booked',
  pending: 'Waiting for the clinic',
  cancelled: 'Cancelled',
  arrived: 'You are here',
  'checked-in': 'You are checked in',
  fulfilled: 'Over',
  noshow: 'Missed',
}

function factsOf(visit: SelfServiceVisit): string {
  const facts: [string, string | undefined][] = [
    ['When', visit.start && whenOf(visit.start, visit.timeZone)],
    ['What', visit.service],
    ['With', visit.with.join(', ')],
    ['Where', visit.where.join(', ')],
    ['Status', states[visit.status] ?? visit.status],
  ]
  const shown = facts.flatMap(([name, value]) => (value ? [`<dt>${name}</dt><dd>${text(value)}</dd>`] : []))
  return `<dl>\n${shown.join('\n')}\n</dl>`
}

const dayOf = (instant: string, timeZone: string): string => inWords(new Date(instant), 'en-US', { dateStyle: 'full', timeZone })
const timeOf = (instant: string, timeZone: string): string =>
  inWords(new Date(instant), 'en-US', { hour: 'numeric', minute: '2-digit', timeZoneName: 'short', timeZone })
const whenOf = (instant: string, timeZone: string): string => `${dayOf(instant, timeZone)}, ${timeOf(instant, timeZone)}`

function formOf(visit: SelfServiceVisit): string {
  if (!visit.open)
    return `<p>There is nothing to do here: the visit is ${(states[visit.status] ?? visit.status).toLowerCase()} or has begun.</p>`
  if (visit.purpose === 'confirm') return form('', 'Yes, I come')
  if (visit.purpose === 'cancel') return form(comment, 'Cancel this visit')
  if (visit.times.length === 0) return '<p>There is no other free time in the next weeks. Call the clinic.</p>'
  return form(choices(visit), 'Move my visit to this time')
}

const form = (fields: string, button: string): string =>
  `<form method="post" action="?">\n${fields}${fields ? '\n' : ''}<button type="submit">${button}</button>\n</form>`

const comment = `<p><label for="comment">Anything the clinic should know (not needed)</label>
<input type="text" id="comment" name="comment" maxlength="500" autocomplete="off"></p>`

/** A group for each day, in the order of the times. */
function choices({ times, timeZone }: SelfServiceVisit): string {
  const days = Map.groupBy(times, ({ start }) => dayOf(start, timeZone))
  return [...days]
    .map(([day, free]) => {
      const radios = free.map(
        ({ slot, start }) =>
          `<label><input type="radio" name="slot" value="${text(slot)}" required> ${text(timeOf(start, timeZone))}</label>`,
      )
      return `<fieldset><legend>${text(day)}</legend>\n${radios.join('\n')}\n</fieldset>`
    })
    .join('\n')
}
