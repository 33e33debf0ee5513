/**
 * The entries of one Bundle, answered as long as their answers fit into one together: a Bundle is sent as one text.
 * Left out: what one entry is answered with, which has limits of its own.
 */
import { fault } from '../base/fault.ts'
import { bundleAnswerCharsMax } from '../base/limits.ts'
import type { Doors } from './doors.ts'

/** The door's own answers; throws `too-costly`, before it asks, once there are too many. */
export function answersTogether({ answer }: Doors): Doors['answer'] {
  let chars = 0
  return async (...asked) => {
    if (chars > bundleAnswerCharsMax) {
      const megabytes = bundleAnswerCharsMax / 1024 / 1024
      throw fault('too-costly', `The entries before this one were answered with more than ${megabytes} MB: ask for fewer in one Bundle.`)
    }
    const reply = await answer(...asked)
    chars += (reply.resource ?? '').length + (reply.outcome ?? '').length
    return reply
  }
}
