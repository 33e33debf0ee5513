/** Every durable job by the name that it is put in under, and what does it. */
import type { Tasks } from './work.ts'

export const tasks: Tasks = {}
