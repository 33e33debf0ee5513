/**
 * What each kind of agreement says about two records being one person, in bits: log2(m / u), where m is how often it is seen
 * between two records of one person and u how often between two strangers (Fellegi and Sunter, 1969). docs/matching.md
 * tells the figures; they are estimates for a clinic's own register, not learnt from anybody's data.
 */

export type Agreement =
  | 'identifier'
  | 'family'
  | 'family-similar'
  | 'given'
  | 'given-similar'
  | 'birth-date'
  | 'birth-month'
  | 'birth-year'
  | 'birth-date-mistyped'
  | 'gender'
  | 'phone'
  | 'email'
  | 'address'
  | 'postal-code'
  | 'city'

export type Disagreement = 'identifier' | 'family' | 'given' | 'birth-date' | 'gender' | 'phone' | 'email' | 'address'

type Odds = readonly [m: number, u: number]

const agreeing: Readonly<Record<Agreement, Odds>> = {
  identifier: [0.95, 0.00000001],
  family: [0.9, 0.002],
  'family-similar': [0.05, 0.003],
  given: [0.85, 0.01],
  'given-similar': [0.08, 0.02],
  'birth-date': [0.95, 0.00005],
  'birth-month': [0.9, 0.0012],
  'birth-year': [0.9, 0.014],
  'birth-date-mistyped': [0.03, 0.002],
  gender: [0.98, 0.5],
  // A household shares one.
  phone: [0.6, 0.001],
  email: [0.6, 0.0005],
  address: [0.6, 0.001],
  'postal-code': [0.2, 0.02],
  city: [0.15, 0.2],
}

const disagreeing: Readonly<Record<Disagreement, Odds>> = {
  identifier: [0.05, 1],
  family: [0.05, 0.995],
  given: [0.07, 0.97],
  'birth-date': [0.02, 0.998],
  gender: [0.02, 0.5],
  phone: [0.4, 0.999],
  email: [0.4, 0.999],
  address: [0.2, 0.78],
}

const bits = ([m, u]: Odds): number => Math.log2(m / u)

export const weightOf = (agreement: Agreement): number => bits(agreeing[agreement])
export const weightAgainst = (disagreement: Disagreement): number => bits(disagreeing[disagreement])

/** One in so many records is the one that is looked for: a register of 131,072. */
export const priorBits = 17
