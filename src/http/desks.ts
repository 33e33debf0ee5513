/**
 * The desks that the routes lead to, by the names that the table of routes uses. Handed to `app.ts` as an argument, so
 * that a test can stand another behind a door.
 */
import { create } from '../interactions/create.ts'
import type { Desk } from '../interactions/desk.ts'
import { everything } from '../interactions/everything.ts'
import { historyInstance } from '../interactions/history-instance.ts'
import { historySystem, historyType } from '../interactions/history-type.ts'
import { patch } from '../interactions/patch.ts'
import { read } from '../interactions/read.ts'
import { remove } from '../interactions/remove.ts'
import { search } from '../interactions/search.ts'
import { update } from '../interactions/update.ts'
import { vread } from '../interactions/vread.ts'
import { accounting } from '../operations/accounting.ts'
import { acceptWaitlistOffer, declineWaitlistOffer } from '../operations/answer-offer.ts'
import { book } from '../operations/book.ts'
import { breakGlass } from '../operations/break-glass.ts'
import { cancel } from '../operations/cancel.ts'
import { checkIn } from '../operations/check-in.ts'
import { explainAvailability } from '../operations/explain-availability.ts'
import { exportResources } from '../operations/export.ts'
import { exportFile } from '../operations/export-file.ts'
import { cancelExport, exportStatus } from '../operations/export-status.ts'
import { find } from '../operations/find.ts'
import { findSlots } from '../operations/find-slots.ts'
import { hold } from '../operations/hold.ts'
import { cancelImport, importErrors, importResources, importStatus } from '../operations/import.ts'
import { joinWaitlist } from '../operations/join-waitlist.ts'
import { match } from '../operations/match.ts'
import { merge, undoMerge } from '../operations/merge.ts'
import { noShow } from '../operations/no-show.ts'
import { previewOfChange } from '../operations/preview-change.ts'
import { release } from '../operations/release.ts'
import { reschedule } from '../operations/reschedule.ts'
import { revokeSelfServiceLinks } from '../operations/revoke-self-service-links.ts'
import { selfServiceLink } from '../operations/self-service-link.ts'
import { statistics } from '../operations/statistics.ts'
import { subscriptionEvents } from '../operations/subscription-events.ts'
import { subscriptionStatus } from '../operations/subscription-status.ts'
import { validate } from '../operations/validate.ts'

export const desks = {
  read,
  vread,
  search,
  create,
  update,
  patch,
  remove,
  everything,
  historyInstance,
  historyType,
  historySystem,
  findSlots,
  explainAvailability,
  previewOfChange,
  find,
  hold,
  release,
  book,
  reschedule,
  cancel,
  joinWaitlist,
  acceptWaitlistOffer,
  declineWaitlistOffer,
  checkIn,
  noShow,
  match,
  merge,
  undoMerge,
  statistics,
  accounting,
  breakGlass,
  selfServiceLink,
  revokeSelfServiceLinks,
  exportResources,
  exportStatus,
  cancelExport,
  exportFile,
  validate,
  subscriptionStatus,
  subscriptionEvents,
  importResources,
  importStatus,
  cancelImport,
  importErrors,
} satisfies Record<string, Desk>

export type Desks = { readonly [name in keyof typeof desks]: Desk }
/** What a desk is handed; this room passes it on and never looks into the store. */
export type House = Parameters<Desk>[0]
