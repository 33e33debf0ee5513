/** People of a test, each with an account of their own, who look after it in a browser. */
import { addAccount } from '../../src/auth/accounts.ts'
import { type Browser, type Page, words } from '../support/browser-stand-in.ts'
import { open, password, type SignInClinic } from './sign-in-clinic.ts'

export type At = { readonly browser: Browser; readonly page: Page }

export type AccountVisitor = {
  readonly address: string
  readonly person: (login: string, roles?: readonly string[]) => Promise<void>
  /** Signed in with a password, as far as that leads. */
  readonly at: (login: string, said?: string) => Promise<At>
}

export function accountVisitor(clinic: SignInClinic): AccountVisitor {
  const address = `${clinic.server.origin}/auth/account`
  return {
    address,
    person: (login, roles = ['patient']) => {
      const own = roles.includes('patient') ? 'Patient/p1' : 'Practitioner/d1'
      return addAccount(clinic.server.house, { login, name: `Name of ${login}`, roles, person: own, actsFor: [], password })
    },
    at: async (login, said = password) => {
      const browser = open(clinic)
      return { browser, page: await browser.submit(await browser.go(address), { login, password: said }) }
    },
  }
}

/** The number of the form whose button does it. */
export function formThat(page: Page, does: string, nth = 0): number {
  const forms = [...page.text.matchAll(/<form\b[\s\S]*?<\/form>/g)]
  const index = forms.flatMap(([text], at) => (text.includes(`value="${does}"`) ? [at] : []))[nth]
  if (index === undefined) throw new Error(`no form ${nth} that does ${does}: ${words(page)}`)
  return index
}
