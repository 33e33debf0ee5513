/** What each page of somebody's own account is handed. */
import type { IncomingMessage } from 'node:http'
import type { House } from '../../store/house.ts'
import type { PageReply } from '../interactions/turn.ts'
import type { AccountSession } from './account-session.ts'

/** What a browser has sent to `/auth/account` or a page below it; `form` of a POST. */
export type AccountStep = {
  readonly request: IncomingMessage
  /** '' for the first page. */
  readonly page: string
  readonly query: URLSearchParams
  readonly form?: URLSearchParams
  readonly address?: string
}

export type Visit = {
  readonly house: House
  /** What is signed in the name of the server is signed with it. */
  readonly secret: string
  readonly session: AccountSession
  readonly step: AccountStep
  /** What each form carries. */
  readonly token: string
  readonly addressOf: (page: string) => string
  readonly show: (page: string, status?: number, script?: string) => PageReply
  /** Into the audit: what of the account was changed. */
  readonly changed: (change: string) => Promise<void>
  /** To the first page, which says what was done. */
  readonly done: (what: string) => PageReply
}

export type AccountPage = (visit: Visit) => Promise<PageReply>
