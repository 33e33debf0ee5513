/**
 * Hands one message to the operator's mail server (SMTP_URL). Beyond this machine it is spoken to with TLS, or not at all.
 * https://nodemailer.com/smtp · https://www.rfc-editor.org/rfc/rfc3834 (what a machine has sent says so)
 */
import type { Mail } from '../base/account-links.ts'
import { errorCode } from '../base/error-code.ts'
import { mailTimeoutMs } from '../base/sign-in-limits.ts'
import { JobFailed } from './work.ts'

export type Message = { readonly to: string; readonly subject: string; readonly text: string }

const here = ['localhost', '127.0.0.1', '[::1]']

export async function sendMail({ smtpUrl, from }: Mail, { to, subject, text }: Message): Promise<void> {
  const { createTransport } = await import('nodemailer')
  const { protocol, hostname, port, username, password } = new URL(smtpUrl)
  const secure = protocol === 'smtps:'
  const transport = createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && !here.includes(hostname),
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: mailTimeoutMs,
    greetingTimeout: mailTimeoutMs,
    socketTimeout: mailTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({ from, to: { name: '', address: to }, subject, text, headers: { 'Auto-Submitted': 'auto-generated' } })
  } catch (error) {
    throw new JobFailed(`the mail server did not take a message (${answerOf(error)})`)
  } finally {
    transport.close()
  }
}

/** The server's number or the connection's failure; its words may repeat an address. */
function answerOf(error: unknown): string {
  const answered = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  return typeof answered === 'number' ? String(answered) : (errorCode(error) ?? 'no answer')
}
