/** The page on which staff, or somebody who acts for several, say which patient an app is to be opened for. */
import { html, page, type Raw } from './page.ts'

export type Choice = { readonly id: string; readonly label: string }

export type PatientPickerPage = {
  readonly client: string
  readonly action: string
  /** Those to choose from: all of them, or what a search has found. */
  readonly choices: readonly Choice[]
  /** Staff search by name; undefined where all choices are there. */
  readonly search?: { readonly asked: string }
}

export const patientPickerPage = ({ client, action, choices, search }: PatientPickerPage): string =>
  page(
    'Which patient?',
    html`<h1>Which patient?</h1>
<p>${client} is about one patient’s record.</p>
${search ? searchForm(action, search.asked) : undefined}
${search?.asked && choices.length === 0 ? html`<p role="status">Nobody was found by that name.</p>` : undefined}
${
  choices.length > 0
    ? html`<form method="get" action="${action}"><fieldset><legend>Patients</legend>${choices.map(choice)}</fieldset><button type="submit">Continue</button></form>`
    : undefined
}`,
  )

const searchForm = (action: string, asked: string): Raw => html`<form method="get" action="${action}" role="search">
<label for="name">Name</label>
<input type="search" id="name" name="name" value="${asked}" autocomplete="off" required>
<button type="submit">Search</button>
</form>`

const choice = ({ id, label }: Choice): Raw =>
  html`<p><input type="radio" id="patient-${id}" name="patient" value="${id}" required> <label for="patient-${id}">${label}</label></p>`
