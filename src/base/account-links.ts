/** The links that people are sent: where they lead. `job` and page must mean the same, and see no more of each other. */

export const linkKinds = ['recover', 'verify-email'] as const
export type LinkKind = (typeof linkKinds)[number]

/** `base`: the FHIR base. */
export const accountLink = (base: string, kind: LinkKind, held: string): string => `${base.replace(/\/fhir$/, '')}/auth/${kind}/${held}`

/** Undefined for what can be no address of a mailbox; in small letters. */
export function mailbox(text: string): string | undefined {
  const plain = text.trim().toLowerCase().normalize('NFKC')
  return plain.length <= 254 && /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+\.?[a-z0-9]$/.test(plain) ? plain : undefined
}

export type Mail = { readonly smtpUrl: string; readonly from: string }
