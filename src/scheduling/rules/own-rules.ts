/**
 * The clinic's own conditions: `rule` of a booking-policy, each an expression that must be true (docs/booking.md).
 * One that cannot be evaluated refuses nothing: a clinic is not closed by a slip in one of its rules. The caller is told.
 */
import type { BookingRule, RuleFacts } from '../booking-request.ts'
import { dateTime, isTrue } from '../rule-expression.ts'

export const ownRules: BookingRule = ({ policy, facts, now }) => {
  if (policy.rules.length === 0 || !facts) return undefined
  const environment = { ...facts.resources, now: dateTime(now) }
  const broken = policy.rules.find(({ expression }) => !holds(expression, environment, facts))
  return broken && { rule: 'own-rules', message: broken.message, expression: 'Appointment.serviceType' }
}

function holds(expression: string, environment: Readonly<Record<string, unknown>>, facts: RuleFacts): boolean {
  try {
    return isTrue(expression, environment)
  } catch {
    facts.cannotTell(expression)
    return true
  }
}
