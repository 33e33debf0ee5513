/**
 * `slotwise account link`: says who somebody is at the clinic's own OpenID Connect server, so that they can sign in there.
 * https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
 */
import { plainLogin } from '../auth/accounts.ts'
import { linkIdentity, unlinkIdentity } from '../store/account-identities.ts'
import { withAccountEvent } from './account-event.ts'
import { type Command, UsageError } from './command.ts'

export const accountLink: Command = {
  name: 'account link',
  does: 'let somebody sign in at the clinic’s own OpenID Connect server',
  options: {
    subject: { type: 'string', value: 'SUB', means: 'who they are there: the claim `sub`' },
    remove: { type: 'boolean', means: 'let them sign in there no more' },
  },
  operands: { value: 'LOGIN', means: 'what they type to sign in', many: false },
  run: async (context, { subject, remove }, [login = '']) => {
    const issuer = context.config.signInElsewhere?.issuer
    if (issuer === undefined) throw new UsageError('Set SIGN_IN_ISSUER to the server at which they sign in.')
    if (remove !== true && (typeof subject !== 'string' || subject === '')) throw new UsageError('Say --subject, or --remove.')
    const house = await context.openHouse('guest')
    try {
      const name = plainLogin(login)
      const identity = { issuer, subject: String(subject) }
      const isLinked = await withAccountEvent(
        house,
        name,
        (tx) => (remove === true ? unlinkIdentity(tx, issuer, name) : linkIdentity(tx, identity, name, house.clock.now())),
        remove === true
          ? `The account ${name} is linked with nobody of ${issuer}`
          : `The account ${name} was linked with ${subject} of ${issuer}`,
      )
      const isDone = isLinked || remove === true
      context.say(isDone ? told(name, issuer, remove === true) : refused(name))
      return isDone ? 0 : 1
    } finally {
      await house.close()
    }
  },
}

const told = (login: string, issuer: string, removed: boolean): string =>
  removed ? `${login} does not sign in at ${issuer}.` : `${login} signs in at ${issuer}.`

const refused = (login: string): string =>
  `There is no account "${login}", it is linked already (--remove first), or the subject is another account's.`
