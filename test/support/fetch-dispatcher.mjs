/**
 * oidc-provider looks for the dispatcher of Node's own fetch, which stands in the global object and not in that of a test, and
 * warns where it finds none. It would guard calls that it never makes: ours go through `jobs/fetch-out.ts`.
 */
import { EventEmitter } from 'node:events'

globalThis[Symbol.for('undici.globalDispatcher.1')] ??= new EventEmitter()
