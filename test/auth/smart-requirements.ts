/**
 * The requirements of SMART App Launch 2.2.0 on servers, by the numbers that the certification kit gives them
 * (inferno-framework/smart-app-launch-test-kit, `hl7.fhir.uv.smart-app-launch_2.2.0`), as ranges; those that no test here can
 * show, each with its reason; and those that another file of this folder shows.
 */

const numbered = `14-19 24 30 31 48 49 53 54 56-59 73-89 91 92 94-96 99-104 109-116 118 119 123 126-130 134 136 138-140 142 144 145
  149 154 159 160 163-165 167-190 192 194 197-200 203-210 212-214 217 228 231 240 241 243-262 265 266 269 271-283 285-289 296 297
  305 306 310 311 316 326 335-342 344 346 348-374 376-378 380-412 417-419 421-424 427-434 436-439`

export const idsIn = (ranges: string): number[] =>
  ranges.split(/\s+/).flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, n) => from + n)
  })

export const serverRequirements: readonly number[] = idsIn(numbered)

type Reason = { readonly ids: string; readonly why: string }

export const notHere: readonly Reason[] = [
  {
    ids: '387 388 395-412 417-419 421-424 427-434 436 437',
    why: 'User-access Brands: this server publishes no Brand bundle and names none',
  },
  { ids: '371', why: 'smart-app-state is not declared' },
  { ids: '175 360', why: 'context-style is not declared: a page of an app is not styled from here' },
  { ids: '176', why: 'a server is one clinic: there is no tenant to tell' },
  { ids: '82', why: 'MAY: authorization_details are not sent' },
  { ids: '92 102', why: 'MAY: public and confidential clients are given tokens of one life' },
  { ids: '154', why: 'MAY: no launch scopes beyond patient and encounter' },
  { ids: '212-214', why: 'MAY: neither claims nor request objects nor a userinfo endpoint' },
  { ids: '311', why: 'MAY: no algorithms beyond RS384 and ES384' },
  { ids: '194', why: 'what an intent means is between the app and the clinic' },
  { ids: '439', why: 'one FHIR endpoint stands behind this authorization server' },
]

export const shownElsewhere: readonly (Reason & { readonly file: string })[] = [
  {
    ids: '19 438',
    file: 'registration.test.ts',
    why: 'programs register themselves where an operator lets them, and the endpoint is named then alone',
  },
  { ids: '231', file: '../http/certificate.test.ts', why: 'TLS 1.2 or newer, where no proxy speaks it' },
  { ids: '364', file: 'encounter-context.test.ts', why: 'the encounter is chosen where no launch says it' },
  { ids: '245 246', file: 'kept-from.test.ts', why: 'what a Consent keeps from a client is withheld' },
  {
    ids: '305',
    file: 'backend-services.test.ts',
    why: 'a key set is judged key by key, and kept where nothing but commands and registrations write',
  },
]
