/**
 * The frame of every page of a sign-in: plain HTML that needs no script, readable by a screen reader and at any size.
 * What is put into a page is escaped; what is a page's own is made by `html`. https://www.w3.org/TR/WCAG22/
 */
import { createHash } from 'node:crypto'

declare const made: unique symbol
/** Text that may stand in a page as it is. */
export type Html = string & { readonly [made]: true }

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escaped = (text: string): Html => text.replace(/[&<>"']/g, (letter) => escapes[letter] ?? letter) as Html

/** Whatever is put in is escaped, but for what another `html` has made, and lists of it. */
export function html(texts: TemplateStringsArray, ...values: readonly (Raw | string | number | undefined | readonly Raw[])[]): Raw {
  const parts = texts.map((text, at) => text + written(values[at]))
  return { html: parts.join('') as Html }
}

export type Raw = { readonly html: Html }

function written(value: Raw | string | number | undefined | readonly Raw[]): string {
  if (value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value))
  return 'html' in value ? value.html : value.map((one) => one.html).join('')
}

const style = `body{font:1.1rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff;margin:0}main{max-width:32rem;margin:0 auto;padding:1.5rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}input[type=text],input[type=password],input[type=search]{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #595959;border-radius:.25rem}
fieldset{margin:1.25rem 0;border:1px solid #595959;border-radius:.25rem}input[type=radio]+label{display:inline;font-weight:400}
button{font:inherit;min-height:2.75rem;padding:.5rem 1.25rem;margin:1.25rem .75rem 0 0;border:1px solid #0b4f8a;border-radius:.25rem;background:#0b4f8a;color:#fff}a.button{display:inline-block;min-height:1.75rem;padding:.5rem 1.25rem;border-radius:.25rem;background:#0b4f8a;color:#fff;text-decoration:none}button.plain{background:#fff;color:#0b4f8a}
:focus-visible{outline:3px solid #b45309;outline-offset:2px}.wrong,.note{border-left:.3rem solid #b00020;padding:.25rem .75rem}.note{border-color:#0b4f8a}li{margin:.4rem 0}.picture svg{width:14rem;height:auto}`

const styleHash = createHash('sha256').update(style).digest('base64')

/**
 * `script`: the address of the one that may run. Where forms may lead, the client's own address included, since a browser
 * follows the redirect that answers a form.
 */
export const contentPolicy = (formTargets: readonly string[], script?: string): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `script-src ${script ?? "'none'"}`,
    `form-action 'self'${formTargets.map((target) => ` ${target}`).join('')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join(';')

export const page = (title: string, body: Raw): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title><style>${style}</style></head>
<body><main>${body.html}</main></body>
</html>
`
