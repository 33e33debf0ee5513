/**
 * Two hundred patients who do not exist: telephone numbers are of the range kept for fiction (555-0100 to 555-0199), mail
 * goes to example.org (RFC 2606). Names, ages and addresses are drawn with the demo's own dice.
 */
import type { Resource } from '../../fhir/resource.ts'
import type { Dice } from './dice.ts'
import { localDate, plusDays } from './local-dates.ts'
import { sites } from './places.ts'

export const patientCount = 200

const women =
  'Amara Beatriz Chiara Dalia Elena Farah Greta Hannah Ines Joy Keiko Lucía Maren Nadia Olivia Priya Quinn Rosa Sofia Thandiwe Uma Vera Wanda Ximena Yara Zoë'
const men =
  'Adrián Bilal Caleb Daniel Emeka Felix Gabriel Hugo Ivan Jamal Kofi Liam Mateus Noah Omar Pavel Rafael Samir Tomás Ugo Viktor William Xavier Yusuf Zachary'
const families =
  "Abara Becker Chen Dubois Eriksen Ferreira García Hughes Ibrahim Jansen Kim López Müller Nguyen O'Brien Park Quispe Reyes Santos Tanaka Usman Vargas Walker Xu Yilmaz Zieliński Brown Carter Diaz Ellis Foster Green Hill Iyer Johnson Khan Lewis Moore Novak Okoye"
const streets = 'Alder Birch Cedar Dogwood Elm Fir Grove Hazel Juniper Laurel Maple Oak Pine Spruce Willow'
const languages = ['en', 'en', 'en', 'en', 'es', 'es', 'fr', 'pl', 'ar', 'zh'] as const

const words = (text: string): [string, ...string[]] => {
  const [first = '', ...rest] = text.split(' ')
  return [first, ...rest]
}
const names = { female: words(women), male: words(men) }
const familyNames = words(families)
const streetNames = words(streets)
const site = sites as readonly [(typeof sites)[number], ...typeof sites]

export function patients(dice: Dice, now: Date): Resource[] {
  const taken = new Set<string>()
  return Array.from({ length: patientCount }, (_, index) => {
    const drawn = draw(dice)
    const plain = slug(`${drawn.given} ${drawn.family}`)
    const id = taken.has(plain) ? `${plain}-${index}` : plain
    taken.add(id)
    return patient(id, index, drawn, dice, now)
  })
}

type Drawn = { gender: 'female' | 'male'; given: string; family: string }

function draw(dice: Dice): Drawn {
  const gender = dice.pick<'female' | 'male'>(['female', 'male'])
  return { gender, given: dice.pick(names[gender]), family: dice.pick(familyNames) }
}

/** `Zoë O'Brien` → `zoe-obrien`. */
const slug = (name: string): string =>
  name
    .normalize('NFD')
    .replaceAll(/[^A-Za-z ]/g, '')
    .replaceAll(' ', '-')
    .toLowerCase()

function patient(id: string, index: number, { gender, given, family }: Drawn, dice: Dice, now: Date): Resource {
  const home = dice.pick(site)
  const days = 30 + dice.below(92 * 365)
  const phone = `${home.phone.slice(0, 4)}555-01${String(index % 100).padStart(2, '0')}`
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ use: 'usual', system: 'https://riverside.example.org/mrn', value: `R${String(10_001 + index)}` }],
    active: true,
    name: [{ use: 'official', family, given: [given] }],
    telecom: [
      { system: 'phone', value: phone, use: 'mobile' },
      { system: 'email', value: `${id}@example.org` },
    ],
    gender: index % 40 === 39 ? 'other' : gender,
    birthDate: plusDays(localDate(now.getTime()), -days),
    address: [{ ...home.address, use: 'home', line: [`${1 + dice.below(980)} ${dice.pick(streetNames)} Street`] }],
    communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: dice.pick(languages) }] } }],
    managingOrganization: { reference: 'Organization/riverside', display: 'Riverside Health' },
  }
}
