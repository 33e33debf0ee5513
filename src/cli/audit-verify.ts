/**
 * `slotwise audit verify`: every seal and every sealed audit row, checked; what is not sealed yet, counted. It changes
 * nothing. Exit code 1 where anything was tampered with.
 */
import { type AuditReport, type Head, verifyAudit } from '../audit/verify-audit.ts'
import { type Command, UsageError } from './command.ts'

function headOf(text: string): Head {
  const [, number, hash] = /^(\d{1,18}):([\w-]{43})$/.exec(text) ?? []
  if (!number || !hash) throw new UsageError('--head is what an earlier "slotwise audit verify" printed after "Head".')
  return { number, hash }
}

const secondsSince = (oldest: Date, now: Date): number => Math.max(0, Math.round((now.getTime() - oldest.getTime()) / 1000))

export function linesOf({ seals, rows, keptFrom, problems, tail, head }: AuditReport, now: Date): string[] {
  return [
    ...problems.map((problem) => `problem  ${problem}`),
    `${seals} seals over ${rows} audit rows: ${problems.length === 0 ? 'all as they were sealed' : 'tampered with'}.`,
    ...(keptFrom ? [`Rows before ${keptFrom.toISOString().slice(0, 10)} were dropped, as AUDIT_RETENTION_MONTHS said.`] : []),
    tail.oldest ? `Not sealed yet: ${tail.count} rows, the oldest ${secondsSince(tail.oldest, now)} s old.` : 'Nothing waits to be sealed.',
    ...(head ? [`Head ${head.number}:${head.hash} (keep it elsewhere, and give it to the next check with --head)`] : []),
  ]
}

export const auditVerify: Command = {
  name: 'audit verify',
  does: 'check that no sealed audit row was changed, removed or put in',
  options: { head: { type: 'string', value: 'HEAD', means: 'what an earlier check printed as its head: it must still be in the chain' } },
  run: async (context, { head }) => {
    const kept = head === undefined ? undefined : headOf(String(head))
    const house = await context.openHouse('guest')
    try {
      const report = await verifyAudit(house, kept, (seals) => context.progress(`Seal ${seals}`))
      for (const line of linesOf(report, house.clock.now())) context.say(line)
      return report.problems.length === 0 ? 0 : 1
    } finally {
      await house.close()
    }
  },
}
