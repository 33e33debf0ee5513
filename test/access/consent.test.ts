/** What a Consent denies and to whom, case by case, as its elements say; and the specification's own examples. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { consentRule, namesWorkplaces, patientsKept } from '../../src/access/consent.ts'
import type { Resource } from '../../src/fhir/resource.ts'

const now = Date.parse('2026-11-23T12:00:00Z')
const base = 'http://here/fhir'
const coded = (code: string) => ({ coding: [{ code }] })
const actor = (...references: string[]) => references.map((reference) => ({ role: coded('PRCP'), reference: { reference } }))
const purpose = (...codes: string[]) => codes.map((code) => ({ code }))

const consent = (provision: object, more: object = {}): Resource => ({
  resourceType: 'Consent',
  status: 'active',
  scope: coded('patient-privacy'),
  patient: { reference: 'Patient/ann' },
  policyRule: coded('OPTIN'),
  provision,
  ...more,
})

function isKept(one: Resource, names: readonly string[] = ['Practitioner/x'], what = 'TREAT', at = now): boolean {
  const rule = consentRule(one, base)
  return rule !== undefined && patientsKept([rule], { names: new Set(names), purpose: what }, at).includes('ann')
}

const denied = { type: 'deny' }
const out = { policyRule: coded('OPTOUT') }

describe('a Consent', () => {
  it.each<[string, Resource, boolean]>([
    ['that denies nothing', consent({}), false],
    ['that denies everybody everything', consent(denied), true],
    ['without a provision that opts out', consent({}, out), true],
    ['that opts out and permits this actor', consent({ provision: [{ type: 'permit', actor: actor('Practitioner/x') }] }, out), false],
    ['that opts out and permits another', consent({ provision: [{ type: 'permit', actor: actor('Practitioner/y') }] }, out), true],
    ['that names this actor', consent({ type: 'deny', actor: actor('Practitioner/y', 'Practitioner/x') }), true],
    ['that names another', consent({ type: 'deny', actor: actor('Practitioner/y') }), false],
    ['that names this actor by their address here', consent({ type: 'deny', actor: actor(`${base}/Practitioner/x`) }), true],
    ['that names nobody whom one could know', consent({ type: 'deny', actor: [{ role: coded('PRCP') }] }), false],
    ['that denies another purpose', consent({ type: 'deny', purpose: purpose('HPAYMT', 'HMARKT') }), false],
    ['that denies this purpose', consent({ type: 'deny', purpose: purpose('HMARKT', 'TREAT') }), true],
    ['whose time is not yet', consent({ type: 'deny', period: { start: '2026-11-24' } }), false],
    ['whose time is over', consent({ type: 'deny', period: { end: '2026-11-22' } }), false],
    ['whose time ends today', consent({ type: 'deny', period: { start: '2026-11', end: '2026-11-23' } }), true],
    ['that permits, but for this actor', consent({ provision: [{ type: 'deny', actor: actor('Practitioner/x') }] }), true],
    [
      'that denies one exception of an exception',
      consent({ provision: [{ type: 'deny', provision: [{ type: 'permit', actor: actor('Practitioner/x') }] }] }),
      false,
    ],
    ['of which one exception permits and one denies', consent({ provision: [{ type: 'permit' }, { type: 'deny' }] }, out), true],
    ['that denies certain data only, read as all of it', consent({ type: 'deny', class: [{ code: 'Appointment' }] }), true],
    [
      'that permits certain data only, read as none of it',
      consent({ provision: [{ type: 'permit', class: [{ code: 'Appointment' }] }] }, out),
      true,
    ],
    ['that is a draft', consent(denied, { status: 'draft' }), false],
    ['that is inactive', consent(denied, { status: 'inactive' }), false],
    ['for research', consent(denied, { scope: coded('research') }), false],
    ['of nobody', consent(denied, { patient: undefined }), false],
    ['of another server’s patient', consent(denied, { patient: { reference: 'http://elsewhere/fhir/Patient/ann' } }), false],
  ])('%s', (_what, one, expected) => {
    expect(isKept(one)).toBe(expected)
  })

  it('begins and ends to the second', () => {
    const hour = consent({ type: 'deny', period: { start: '2026-11-23T12:00:00Z', end: '2026-11-23T12:59:59Z' } })
    const at = (time: string) => isKept(hour, undefined, undefined, Date.parse(time))
    expect(['2026-11-23T11:59:59.999Z', '2026-11-23T12:00:00Z', '2026-11-23T12:59:59.999Z', '2026-11-23T13:00:00Z'].map(at)).toEqual([
      false,
      true,
      true,
      false,
    ])
  })

  it('is one of several: whoever is denied by any of them is denied', () => {
    const rules = [consent({}), consent({ type: 'deny', actor: actor('Practitioner/x') }), consent({ provision: [{ type: 'permit' }] })]
    const known = rules.flatMap((one) => consentRule(one, base) ?? [])
    expect(patientsKept(known, { names: new Set(['Practitioner/x']), purpose: 'TREAT' }, now)).toEqual(['ann'])
    expect(namesWorkplaces(known)).toBe(false)
  })

  it('may name an organization inside an exception', () => {
    const rule = consentRule(consent({ provision: [{ type: 'permit', actor: actor('Organization/1') }] }, out), base)
    expect(rule && namesWorkplaces([rule])).toBe(true)
  })
})

const folder = join(import.meta.dirname, '../../../shared/data/r4-examples')
const ifThere = existsSync(folder) ? it : it.skip

describe('of the examples of R4', () => {
  ifThere.each([
    ['notOrg', ['Organization/f001'], 'TREAT', true],
    ['notOrg', ['Organization/f002'], 'TREAT', false],
    ['Out', ['Organization/f001'], 'TREAT', true],
    ['Out', ['Organization/f002'], 'TREAT', false],
    ['Emergency', ['Organization/f001'], 'ETREAT', true],
    ['Emergency', ['Organization/f001'], 'TREAT', false],
    ['basic', ['Organization/f001'], 'TREAT', false],
    ['smartonfhir', ['Organization/f001'], 'TREAT', false],
  ])('%s keeps data from %j for %s: %s', (name, names, what, expected) => {
    const rule = consentRule(JSON.parse(readFileSync(join(folder, `Consent-consent-example-${name}.json`), 'utf8')) as Resource, base)
    expect(rule !== undefined && patientsKept([rule], { names: new Set(names), purpose: what }, now).length > 0).toBe(expected)
  })
})
