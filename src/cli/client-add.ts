/**
 * `slotwise client add`: registers a program that may ask for tokens, and prints its id, and its secret where it has one: the
 * only time that it can be read. https://hl7.org/fhir/smart-app-launch/app-launch.html#register-app-with-ehr
 */
import { readFile } from 'node:fs/promises'
import { addClient } from '../auth/clients.ts'
import { type Command, UsageError } from './command.ts'
import { withOperatorEvent } from './operator-event.ts'

const textOf = (value: string | boolean | undefined): string | undefined => (typeof value === 'string' && value ? value : undefined)

export const clientAdd: Command = {
  name: 'client add',
  does: 'register a program that may ask for tokens',
  options: {
    name: { type: 'string', value: 'N', means: 'what people are told that it is called', required: true },
    scope: {
      type: 'string',
      value: 'S',
      means: 'the most that it is given, for example "system/*.rs" or "launch/patient openid fhirUser offline_access patient/*.rs"',
      required: true,
    },
    id: { type: 'string', value: 'ID', means: 'its client_id; made up unless said' },
    redirect: { type: 'string', value: 'URL', means: 'where people are sent back to; several with spaces between' },
    jwks: { type: 'string', value: 'FILE', means: 'its public keys: it signs in with its own key (RS384, ES384)' },
    'jwks-url': { type: 'string', value: 'URL', means: 'where its public keys stand' },
    secret: { type: 'boolean', means: 'make a secret that it signs in with' },
    introspects: { type: 'boolean', means: 'let it ask about tokens that are not its own' },
    purpose: { type: 'string', value: 'CODE', means: 'what its tokens are for, for example HPAYMT or HRESCH; to treat unless said' },
  },
  run: async (context, values) => {
    const [name, scope, file] = [textOf(values.name), textOf(values.scope), textOf(values.jwks)]
    if (!name || !scope) throw new UsageError('--name and --scope must say something.')
    const jwks = file && (await readFile(file, 'utf8'))
    const house = await context.openHouse('guest')
    try {
      const wish = {
        id: textOf(values.id),
        name,
        scope,
        redirects: (textOf(values.redirect) ?? '').split(/\s+/).filter((one) => one !== ''),
        jwks,
        jwksUrl: textOf(values['jwks-url']),
        secret: values.secret === true,
        introspects: values.introspects === true,
        purpose: textOf(values.purpose),
      }
      const added = await withOperatorEvent(
        house,
        (tx) => addClient({ ...house, pool: tx }, wish),
        ({ id }) => ({ what: 'client-change', change: `The program ${id} was registered for ${scope}` }),
      )
      context.say(`client_id ${added.id}`)
      if (added.secret) context.say(`client_secret ${added.secret}`)
      if (jwks) context.say('Register it anew, with its new key set, whenever its keys change; with --jwks-url it need not be.')
      return 0
    } finally {
      await house.close()
    }
  },
}
