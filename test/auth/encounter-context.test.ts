/**
 * The encounter of an app that is opened by itself: chosen among those that the patient is in just now.
 * https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#requesting-context-with-scopes
 */
import { type Browser, formsOf, type Page, words } from '../support/browser-stand-in.ts'
import { matches } from '../support/house.ts'
import { allow, back, exchange, open, type Request, request, type SignInClinic, signIn, signInClinic } from './sign-in-clinic.ts'

let clinic: SignInClinic

beforeAll(async () => {
  clinic = await signInClinic()
  const encounter = (id: string, patient: string, status: string, more: object = {}) =>
    clinic.server.call('PUT', `Encounter/${id}`, {
      resourceType: 'Encounter',
      id,
      status,
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
      subject: { reference: `Patient/${patient}` },
      ...more,
    })
  await encounter('here', 'p1', 'arrived', { serviceType: { text: 'Physiotherapy' }, period: { start: '2026-03-02T14:30:00Z' } })
  await encounter('going-on', 'p1', 'in-progress', { period: { start: '2026-03-01T14:30:00Z' } })
  await encounter('over', 'p1', 'finished')
  await encounter('to-come', 'p1', 'planned')
  const v3 = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
  await clinic.server.call('PUT', 'Patient/p4', { resourceType: 'Patient', id: 'p4', name: [{ family: 'Quiet' }] })
  await encounter('sensitive', 'p4', 'in-progress', {
    meta: { security: [{ system: v3, code: 'R' }] },
    serviceType: { text: 'Detoxification' },
  })
  await encounter('only', 'p2', 'in-progress', { type: [{ coding: [{ display: 'Check up' }] }] })
})
afterAll(() => clinic?.server.close())

const scope = 'launch/patient launch/encounter patient/*.rs'

type Asked = { readonly at: Browser; readonly wanted: Request; readonly page: Page }

/** Up to the page that comes after the password. */
async function asked(login: string, wanted = request(clinic, { scope })): Promise<Asked> {
  const at = open(clinic)
  return { at, wanted, page: await signIn(at, await at.go(wanted.url), login) }
}

const token = async ({ at, wanted, page }: Asked) => (await exchange(clinic, wanted, back(await allow(at, page)).get('code'))).json
const choose = async (of: Asked, encounter: string): Promise<Asked> => ({ ...of, page: await of.at.submit(of.page, { encounter }) })

describe('an app that asks for an encounter', () => {
  it('is opened for the one of several that somebody chooses, of those that are going on', async () => {
    const first = await asked('ana')
    const offered = [...first.page.text.matchAll(/name="encounter" value="([^"]*)"/g)].map(([, id]) => id)
    expect(offered).toEqual(['here', 'going-on', ''])
    expect(words(first.page)).toContain('Physiotherapy, since Mar 2, 2026')
    const chosen = await choose(first, 'going-on')
    expect(words(chosen.page)).toContain('The visit is ambulatory, since Mar 1, 2026')
    const given = await token(chosen)
    expect([given.patient, given.encounter, given.scope]).toEqual(['p1', 'going-on', scope])
    const body = new URLSearchParams({ token: String(given.access_token), client_id: 'public' })
    const said = await (await fetch(`${clinic.server.origin}/auth/introspect`, { method: 'POST', body })).json()
    expect(said).toMatchObject({ active: true, encounter: 'going-on' })
  })

  it('is opened without one where none is wanted, and is told so by its scope', async () => {
    const given = await token(await choose(await asked('ana'), ''))
    expect([given.patient, 'encounter' in given, given.scope]).toEqual(['p1', false, 'launch/patient patient/*.rs'])
  })

  it('is opened for the only one without a question, which can be changed', async () => {
    const wanted = request(clinic, { scope: 'launch/encounter user/Encounter.rs' })
    const { at, page } = await asked('doctor', wanted)
    expect(words(page)).toContain('Which patient?')
    const consent = await at.go(`${page.url.split('?')[0]}?patient=p2`)
    expect(words(consent)).toContain('The visit is Check up')
    const [, again = ''] = /<a href="([^"]+)">Choose another visit, or none/.exec(consent.text) ?? []
    expect(words(await at.go(again.replaceAll('&amp;', '&')))).toContain('Which visit?')
    const given = await token({ at, wanted, page: consent })
    expect([given.patient, given.encounter, given.scope]).toEqual(['p2', 'only', 'launch/encounter user/Encounter.rs'])
  })

  it('is opened without one where there is none', async () => {
    const { at, wanted, page } = await asked('doctor')
    const consent = await at.go(`${page.url.split('?')[0]}?patient=p3`)
    const given = await token({ at, wanted, page: consent })
    expect([given.patient, 'encounter' in given, given.scope]).toEqual(['p3', false, 'launch/patient patient/*.rs'])
  })

  it('is not opened for what somebody makes up, another’s or one that is over', async () => {
    const chosen = await choose(await asked('ana'), 'here')
    for (const encounter of ['only', 'over', 'to-come', 'made-up', '*']) {
      const page = await chosen.at.submit(chosen.page, { do: 'allow', encounter })
      expect([page.status, words(page).startsWith('Which visit?')]).toEqual([200, true])
      expect(words((await choose(await asked('ana'), encounter)).page)).toContain('Which visit?')
    }
    expect((await token(chosen)).encounter).toBe('here')
  })

  it('does not tell staff who may not know it what a sensitive visit is about', async () => {
    const { at, page } = await asked('doctor')
    for (const query of ['patient=p4', 'patient=p4&encounter=*']) {
      const shown = await at.go(`${page.url.split('?')[0]}?${query}`)
      expect([words(shown).includes('Quiet'), words(shown).includes('Detoxification')]).toEqual([true, false])
    }
  })

  it('is not one that an auditor chooses a patient for', async () => {
    const { page } = await asked('auditor', request(clinic, { scope: 'launch/encounter openid user/AuditEvent.rs' }))
    expect(words(page)).toContain('Allow Calendar app?')
    expect(formsOf(page)[0]?.fields).not.toHaveProperty('encounter')
  })

  it('shows nobody’s encounters without an AuditEvent', async () => {
    const seen = async () =>
      matches(await clinic.server.call('GET', 'AuditEvent?patient=p2&agent=Practitioner/d1&subtype=search-type&_count=200'))
    const before = (await seen()).length
    const { at, page } = await asked('doctor')
    await at.go(`${page.url.split('?')[0]}?patient=p2`)
    expect((await seen()).length).toBeGreaterThan(before)
  })

  it('finds in the configuration that it can be', async () => {
    const { capabilities } = (await (await fetch(`${clinic.server.house.base}/.well-known/smart-configuration`)).json()) as {
      capabilities: string[]
    }
    expect(capabilities).toContain('context-standalone-encounter')
  })
})
