/** The page on which somebody says which of the patient's encounters an app is opened for, or that it is for none. */
import { html, page, type Raw } from './page.ts'
import type { Choice } from './patient-picker.ts'

export type EncounterPickerPage = {
  readonly client: string
  readonly action: string
  readonly patient: Choice
  readonly choices: readonly Choice[]
  /** What stands for none of them. */
  readonly none: string
}

export const encounterPickerPage = ({ client, action, patient, choices, none }: EncounterPickerPage): string =>
  page(
    'Which visit?',
    html`<h1>Which visit?</h1>
<p>${client} is about one visit of <strong>${patient.label}</strong>.</p>
<form method="get" action="${action}">
<input type="hidden" name="patient" value="${patient.id}">
<fieldset><legend>Visits that are going on</legend>${[...choices, { id: none, label: 'None of these' }].map(choice)}</fieldset>
<button type="submit">Continue</button>
</form>`,
  )

const choice = ({ id, label }: Choice, at: number): Raw =>
  html`<p><input type="radio" id="encounter-${at}" name="encounter" value="${id}" required> <label for="encounter-${at}">${label}</label></p>`
