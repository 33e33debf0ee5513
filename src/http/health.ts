/**
 * For whoever runs the server: is it alive, is it ready to be sent requests, how is it doing (`docs/running.md`).
 */
import type { FastifyInstance } from 'fastify'
import { plainJson } from './content-types.ts'
import type { Metrics } from './metrics.ts'

/** Ready is what the house says: migrated, and with the demo on, loaded. */
export function health(app: FastifyInstance, ready: () => boolean, metrics: Metrics): void {
  app.get('/health/live', (_request, reply) => reply.type(plainJson).send('{"status":"live"}'))
  app.get('/health/ready', (_request, reply) => {
    const isReady = ready()
    return reply
      .code(isReady ? 200 : 503)
      .type(plainJson)
      .send(isReady ? '{"status":"ready"}' : '{"status":"starting"}')
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
