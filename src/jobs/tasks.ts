/** Every durable job by the name that it is put in under, and what does it. */
import { indexSearchParameter, indexSearchParameterTask } from './index-search-parameter.ts'
import { notifySubscriber } from './notify-subscriber.ts'
import { accountMailTask, sendAccountMail } from './send-account-mail.ts'
import { notifySubscriberTask } from './tell-subscribers.ts'
import type { Tasks } from './work.ts'

export const tasks: Tasks = {
  [indexSearchParameterTask]: indexSearchParameter,
  [notifySubscriberTask]: notifySubscriber,
  [accountMailTask]: sendAccountMail,
}
