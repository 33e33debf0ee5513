/** A page that says one thing: what went wrong, or that something is done. */
import { html, page, type Raw } from './page.ts'

export const messagePage = (title: string, text: string, more?: Raw): string => page(title, html`<h1>${title}</h1><p>${text}</p>${more}`)
