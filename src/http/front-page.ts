/**
 * What a browser finds at the address that the start prints: where the doors are. The web pages of patients and staff come
 * later; this one needs no script, and tells nothing that is not open anyway.
 */
import type { FastifyInstance } from 'fastify'

export function frontPage(app: FastifyInstance, base: string, version: string): void {
  const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Slotwise</title></head>
<body>
<h1>Slotwise</h1>
<p>A FHIR R4 scheduling server, version ${version}. It is running.</p>
<ul>
<li>FHIR base: <code>${base}</code></li>
<li><a href="${base}/metadata">CapabilityStatement</a>: what is served</li>
<li><a href="${base}/.well-known/smart-configuration">SMART configuration</a></li>
<li><a href="/health/ready">Is it ready?</a></li>
</ul>
<p>Requests need an access token: <code>npx slotwise token --scope 'system/*.cruds'</code> prints one.</p>
</body>
</html>
`
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
}
