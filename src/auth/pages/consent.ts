/** The page that says what an app wants to do, for whom, and asks whether it may. */

import { html, page } from './page.ts'
import { scopeInWords } from './scope-in-words.ts'

export type ConsentPage = {
  readonly client: string
  readonly person: string
  readonly scopes: readonly string[]
  readonly patient?: { readonly id: string; readonly label: string }
  /** Where the app asks for one: which, what a form says for none, and where another is chosen. */
  readonly encounter?: {
    readonly chosen?: { readonly id: string; readonly label: string }
    readonly none: string
    readonly again?: string
  }
  /** It may be asked for another one. */
  readonly choosesPatient: boolean
  readonly action: string
  readonly token: string
}

export const consentPage = ({ client, person, scopes, patient, encounter, choosesPatient, action, token }: ConsentPage): string =>
  page(
    `Allow ${client}?`,
    html`<h1>Allow ${client}?</h1>
<p>You are signed in as ${person}.${patient ? html` The record is that of <strong>${patient.label}</strong>.` : undefined}${encounter?.chosen ? html` The visit is <strong>${encounter.chosen.label}</strong>.` : undefined}</p>
<p>${client} asks to:</p>
<ul>${[...new Set(scopes.map(scopeInWords))].map((words) => html`<li>${words}</li>`)}</ul>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<input type="hidden" name="patient" value="${patient?.id}">
${encounter ? html`<input type="hidden" name="encounter" value="${encounter.chosen?.id ?? encounter.none}">` : undefined}
<button type="submit" name="do" value="allow">Allow</button>
<button type="submit" name="do" value="deny" class="plain">Do not allow</button>
</form>
${choosesPatient ? html`<p><a href="${action}">Choose another patient</a></p>` : undefined}
${encounter?.again ? html`<p><a href="${encounter.again}">Choose another visit, or none</a></p>` : undefined}`,
  )
