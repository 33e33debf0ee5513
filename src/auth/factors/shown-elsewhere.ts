/**
 * Whether somebody showed two factors at the clinic's own OpenID Connect server, as its ID token says: by `amr`, that there
 * were several (`mfa`), or methods of two kinds, something known, had, or of the body; or by an `acr` that the operator has
 * named. Whoever says nothing has shown one. https://www.rfc-editor.org/rfc/rfc8176#section-2
 */

const known = ['pwd', 'pin', 'kba']
const had = ['otp', 'hwk', 'swk', 'sms', 'tel', 'sc', 'pop']
const ofTheBody = ['face', 'fpt', 'iris', 'retina', 'vbm']

type Said = Readonly<Record<string, unknown>>

export function showedTwoFactors({ amr, acr }: Said, strongAcr: readonly string[] = []): boolean {
  if (typeof acr === 'string' && strongAcr.includes(acr)) return true
  const methods = new Set(methodsIn(amr))
  if (methods.has('mfa')) return true
  return [known, had, ofTheBody].filter((kind) => kind.some((method) => methods.has(method))).length > 1
}

/** How they showed it, where that is said. */
export const methodsIn = (said: unknown): string[] =>
  Array.isArray(said) ? said.filter((one) => typeof one === 'string').slice(0, 10) : []
