/**
 * The one way to say something to the operator: a line of JSON on stderr, so that stdout is a command's answer alone.
 * Nothing that is logged may carry patient data (docs/security.md): ids of requests, names of settings, counts.
 */
import { type Logger, pino } from 'pino'

export type Log = Logger

export const openLog = (): Log => pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }))
