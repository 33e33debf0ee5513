/**
 * What went wrong on a page, and the fields that it is about, tied together for whoever does not see them beside each other.
 * https://www.w3.org/WAI/WCAG22/Techniques/aria/ARIA21 https://www.w3.org/WAI/WCAG22/Techniques/aria/ARIA1
 */
import { html, type Raw } from './page.ts'

/** Read out as soon as the page is there. One to a page. */
export const wrongNote = (why: string): Raw => html`<p class="wrong" role="alert" id="wrong">${why}</p>`

/** Stands in the tag of a field: whether it is what is wrong, and what else on the page is said of it, by id. */
export function about(isWrong: boolean | undefined, ...ids: readonly string[]): Raw | undefined {
  const all = [...ids, ...(isWrong ? ['wrong'] : [])]
  if (all.length === 0) return undefined
  return html`${isWrong ? html` aria-invalid="true"` : undefined} aria-describedby="${all.join(' ')}"`
}
