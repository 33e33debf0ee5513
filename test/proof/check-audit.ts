/**
 * Guarantee 7: every answer that shows a patient's data has its AuditEvent. Each client is somebody of its own and asks one
 * thing at a time, so the events in its name between a question and its answer are that answer's.
 */
import type { Broken, History } from './history.ts'

export function audited({ deeds, after }: History): Broken[] {
  const rows = Map.groupBy(after.audit, ({ person }) => person)
  return deeds
    .filter(({ outcome, patients }) => outcome === 'ok' && patients.length > 0)
    .flatMap(({ id, kind, client, asked, answered, patients }) => {
      const told = new Set((rows.get(client) ?? []).filter(({ at }) => at >= asked && at <= answered).flatMap((row) => row.patients))
      const missing = patients.filter((patient) => !told.has(patient))
      return missing.length === 0
        ? []
        : [{ guarantee: 7 as const, what: `deed ${id} (${kind}) showed Patient/${missing}, and no AuditEvent says so` }]
    })
}
