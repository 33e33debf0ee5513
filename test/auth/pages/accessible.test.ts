/**
 * Each page of signing in and of one's own account, in each of its states, by WCAG 2.2: what a screen reader is told, what a
 * keyboard and a browser without scripts can do, and what the colours of the stylesheet come to.
 * https://www.w3.org/TR/WCAG22/
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { html } from '../../../src/auth/pages/page.ts'

const folder = join(import.meta.dirname, '../../../src/auth/pages')
const day = new Date('2026-03-02T14:30:00Z')
const sent = { action: 'https://clinic.example/auth/x', token: 't', back: '/auth/account' }
const patient = { id: 'p1', label: 'Ana Alvarez, born 1980-02-03' }
const form = { options: { challenge: 'c' }, script: '/auth/passkey.js' }
const overview = {
  ...sent,
  name: 'Ana',
  login: 'ana',
  done: '',
  addressOf: (name: string) => `/auth/account/${name}`,
  factors: { totp: null, passkeys: 0, recovery_codes: 0 },
  email: null,
  mayHaveEmail: true,
  mayHavePasskeys: true,
  needsFactor: true,
  sessions: [
    { id: 's1', model: 'Session', since: day, expires: day, here: false },
    { id: 's2', model: 'AccountSession', since: day, expires: day, here: true },
  ],
  apps: [{ grant: 'g1', name: 'Diary', since: day, expires: day, lasting: true }],
}
const passkey = { id: 'k1', name: 'My phone', created: day, used: day }

/** What each page is made of, once for each of its states. */
const samples: Readonly<Record<string, readonly unknown[][]>> = {
  signInPage: [
    [sent],
    [{ ...sent, client: 'Diary', login: 'ana', wrong: true, passkey: form, recover: '/auth/recover' }],
    [{ ...sent, client: 'Diary', note: 'Signing in there did not work.', elsewhere: { name: 'Clinic login', address: '/x' } }],
  ],
  codePage: [[sent], [{ ...sent, client: 'Diary', wrong: true, passkey: form }]],
  needsFactorPage: [['/auth/account']],
  newPasswordPage: [
    [{ ...sent, back: undefined }],
    [{ ...sent, login: 'ana', wrong: 'That is another one.', which: 'now' }],
    [{ ...sent, login: 'ana', wrong: 'Too short.' }],
  ],
  recoverPage: [[sent], [{ ...sent, wrong: true }]],
  askedRecoveryPage: [[]],
  confirmEmailPage: [[{ ...sent, email: 'ana@example.com', login: 'ana' }]],
  emailPage: [[{ ...sent, email: null }], [{ ...sent, email: 'ana@example.com', wrong: true }]],
  accountPage: [
    [overview],
    [{ ...overview, done: 'password', apps: [], needsFactor: false, factors: { totp: day, passkeys: 1, recovery_codes: 9 } }],
  ],
  authenticatorPage: [
    [{ ...sent, secret: 'A'.repeat(32), picture: html`<svg></svg>` }],
    [{ ...sent, secret: 'A'.repeat(32), picture: html`<svg></svg>`, wrong: true }],
  ],
  authenticatorThere: [[{ ...sent, since: day }], [{ ...sent, since: day, wrong: true }]],
  recoveryCodesPage: [[{ ...sent, codes: ['aaaa-bbbb', 'cccc-dddd'], done: 'It is set up.' }]],
  passkeysPage: [[{ ...sent, form, passkeys: [] }], [{ ...sent, form, passkeys: [passkey], wrong: true }]],
  consentPage: [
    [{ ...sent, client: 'Diary', person: 'Ana', scopes: ['patient/*.rs', 'openid'], choosesPatient: false }],
    [
      {
        ...sent,
        ...{ client: 'Diary', person: 'Ana', scopes: ['launch/encounter'], patient, choosesPatient: true },
        encounter: { chosen: { id: 'e1', label: 'Check up' }, none: '', again: '/x?encounter=*' },
      },
    ],
  ],
  patientPickerPage: [
    [{ ...sent, client: 'Diary', choices: [patient, { id: 'p2', label: 'Ben' }] }],
    [{ ...sent, client: 'Diary', choices: [], search: { asked: 'Nobody' } }],
  ],
  encounterPickerPage: [[{ ...sent, client: 'Diary', patient, choices: [{ id: 'e1', label: 'Check up' }], none: '' }]],
  messagePage: [['Signed out', 'You may close this window.']],
}

type Make = (...given: readonly unknown[]) => unknown
const modules = await Promise.all(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map(async (name) => (await import(join(folder, name))) as Record<string, unknown>),
)
const makers = new Map(modules.flatMap((one) => Object.entries(one).filter(([, made]) => typeof made === 'function')) as [string, Make][])
const pages = Object.entries(samples).flatMap(([name, states]) =>
  states.map((given, at): [string, string] => [`${name} ${at + 1}`, String(makers.get(name)?.(...given))]),
)

/** The tags of a kind, with their attributes and, where it has one, what is inside. */
type Tag = { readonly has: (name: string) => boolean; readonly of: (name: string) => string; readonly inside: string }
function tags(text: string, name: string): Tag[] {
  return [...text.matchAll(new RegExp(`<${name}\\b((?:"[^"]*"|[^>"])*)>(?:([\\s\\S]*?)</${name}>)?`, 'g'))].map(
    ([, head = '', inside = '']) => {
      const found = new Map([...head.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, key = '', value = '']) => [key, value]))
      return { has: (key) => found.has(key), of: (key) => found.get(key) ?? '', inside }
    },
  )
}
const plain = (text: string): string =>
  text
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
const inputs = (text: string): Tag[] => [...text.matchAll(/<input\b[^>]*>/g)].flatMap(([one]) => tags(one, 'input'))
const seen = (text: string): Tag[] => inputs(text).filter((one) => one.of('type') !== 'hidden')

it('each page that there is has an example here', () => {
  const all = [...makers.keys()].filter((name) => /Page$|^authenticatorThere$/.test(name))
  expect(Object.keys(samples).sort()).toEqual(all.sort())
})

describe.each(pages)('%s', (name, text) => {
  it('says its language, its title and one heading, and can be made larger', () => {
    expect(text.match(/<html lang="en">/g)).toHaveLength(1)
    expect(tags(text, 'title').map(({ inside }) => inside.length > 0)).toEqual([true])
    expect([tags(text, 'main').length, tags(text, 'h1').length]).toEqual([1, 1])
    const levels = [...text.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level))
    expect(levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1)).toEqual([])
    expect(text).not.toMatch(/user-scalable|maximum-scale/)
  })

  it('labels each field, by an id that nothing else has', () => {
    const ids = [...text.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id)
    expect(ids).toEqual([...new Set(ids)])
    const labels = new Map(tags(text, 'label').map((one) => [one.of('for'), plain(one.inside)]))
    expect(seen(text).filter((one) => !labels.get(one.of('id')))).toEqual([])
    for (const group of tags(text, 'form').filter(({ inside }) => inside.includes('type="radio"')))
      expect(tags(group.inside, 'fieldset').every(({ inside }) => plain(tags(inside, 'legend')[0]?.inside ?? '') !== '')).toBe(true)
  })

  it('tells what each field is for, so that a browser can fill it in', () => {
    const known: Readonly<Record<string, string>> = {
      login: 'username',
      password: 'current-password',
      new: 'new-password',
      again: 'new-password',
      code: 'one-time-code',
      email: 'email',
      name: 'off',
    }
    for (const one of seen(text).filter((field) => field.of('type') !== 'radio'))
      expect([one.of('name'), one.of('autocomplete')]).toEqual([one.of('name'), known[one.of('name')]])
  })

  it('ties what is wrong to the fields that it is about, and says it at once and in the title', () => {
    const described = inputs(text).flatMap((one) =>
      one
        .of('aria-describedby')
        .split(' ')
        .filter((id) => id !== ''),
    )
    for (const id of described) expect(text).toContain(`id="${id}"`)
    const alerts = tags(text, 'p').filter((one) => one.of('class') === 'wrong')
    expect(alerts.filter((one) => one.of('role') !== 'alert' || one.of('id') !== 'wrong')).toEqual([])
    const invalid = seen(text).filter((one) => one.has('aria-invalid'))
    expect(invalid.every((one) => one.of('aria-describedby').split(' ').includes('wrong'))).toBe(true)
    // A passkey is no field, and neither is what another server said.
    const isOfFields = alerts.length > 0 && !/^passkeysPage|^signInPage 3/.test(name)
    expect([name, invalid.length > 0]).toEqual([name, isOfFields])
    if (alerts.length > 0) expect(plain(tags(text, 'title')[0]?.inside ?? '')).toMatch(/^(Not|Password not) /)
  })

  it('names each button, link and picture, with the words that are seen in the name', () => {
    for (const one of [...tags(text, 'button'), ...tags(text, 'a')]) {
      expect(plain(one.inside)).not.toBe('')
      if (one.has('aria-label')) expect(one.of('aria-label')).toContain(plain(one.inside))
    }
    for (const one of tags(text, 'a')) expect([one.of('href') !== '', one.has('target')]).toEqual([true, false])
    for (const one of tags(text, 'div').filter((div) => div.of('role') === 'img')) expect(one.of('aria-label')).not.toBe('')
    expect(text.includes('<svg')).toBe(text.includes('role="img"'))
  })

  it('works without scripts and by keyboard: forms that lead somewhere, with a button', () => {
    for (const one of tags(text, 'form')) {
      expect([['get', 'post'].includes(one.of('method')), one.of('action') !== '']).toEqual([true, true])
      expect(tags(one.inside, 'button').some((button) => button.of('type') === 'submit')).toBe(true)
      expect(one.has('hidden')).toBe(one.has('data-passkey'))
    }
    expect(text).not.toMatch(/\son[a-z]+=|tabindex|autofocus|accesskey|javascript:/)
    expect(tags(text, 'script').length).toBe(text.includes('data-passkey') ? 1 : 0)
  })
})

it('what was done is told as a status', () => {
  const told = new Map(pages)
  for (const name of ['accountPage 2', 'recoveryCodesPage 1', 'patientPickerPage 2']) expect(told.get(name)).toContain('role="status"')
})

describe('the stylesheet', () => {
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(pages[0]?.[1] ?? '') ?? []
  const rules = [...style.matchAll(/([^{}]+)\{([^}]*)\}/g)].map(([, of = '', body = '']) => ({
    of: of.trim(),
    all: new Map(body.split(';').map((line): [string, string] => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1)])),
  }))
  const colourIn = (text: string | undefined): string | undefined => /#[0-9a-f]{6}\b|#[0-9a-f]{3}\b/i.exec(text ?? '')?.[0]

  /** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
  function luminance(colour: string): number {
    const digits = colour.length === 4 ? [...colour.slice(1)].map((one) => one + one).join('') : colour.slice(1)
    const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
      const part = Number.parseInt(digits.slice(at, at + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (one: string, other: string): number => {
    const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }

  it('is measured by WCAG’s own formula', () => {
    expect(contrast('#000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#fff')).toBeCloseTo(4.48, 2)
  })

  it('has text that stands out at least 4.5 to 1, and lines and outlines 3 to 1', () => {
    const texts = rules.flatMap(({ of, all }) => {
      const [front, behind] = [colourIn(all.get('color')), colourIn(all.get('background'))]
      return front || behind ? [{ of, front: front ?? '#1a1a1a', behind: behind ?? '#ffffff' }] : []
    })
    expect(texts.length).toBeGreaterThanOrEqual(4)
    expect(texts.filter(({ front, behind }) => contrast(front, behind) < 4.5)).toEqual([])
    const lines = rules.flatMap(({ of, all }) =>
      ['border', 'border-left', 'border-color', 'outline'].flatMap((name) => {
        const colour = colourIn(all.get(name))
        return colour ? [{ of, name, colour }] : []
      }),
    )
    expect(lines.length).toBeGreaterThanOrEqual(4)
    expect(lines.filter(({ colour }) => contrast(colour, '#ffffff') < 3)).toEqual([])
  })

  it('shows where the keyboard is, makes buttons large enough for a finger, and no text small', () => {
    expect(rules.find(({ of }) => of === ':focus-visible')?.all.get('outline')).toMatch(/^[2-9]px solid/)
    expect(style).not.toMatch(/outline:\s*(0|none)/)
    expect(Number.parseFloat(rules.find(({ of }) => of === 'button')?.all.get('min-height') ?? '0') * 16).toBeGreaterThanOrEqual(44)
    expect(style).not.toMatch(/font(-size)?:\s*(0?\.\d+rem|\d+px)/)
  })
})
