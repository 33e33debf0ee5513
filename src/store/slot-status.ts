/**
 * Parts of a statement that give Slots another status, or take them away: body, version, history and change row together.
 * `source` is a CTE (alias m) of whole slot rows, locked; `at` is SQL for the time as text.
 */

/** Said out, so that one index on (schedule, status, starts) serves a span of time whatever the status. */
export const everyStatus = `array['free','busy-tentative','busy','busy-unavailable']`

/** SQL for the body before its status is set, for the session whose own the Slot is from now on, and whether it is overbooked. */
type More = { readonly body: string; readonly session: string; readonly overbooked: string }

/** What the update itself gives back of the row before: joined to the source again, thousands of rows meet thousands. */
const former = 'm.version as former_version, m.updated as former_updated, m.body as former_body'

/** CTEs that give the rows of `source` (alias m) another status, with history and change rows. */
export function statusChange(
  source: string,
  status: string,
  holder: string,
  until: string,
  at: string,
  condition = 'true',
  { body, session, overbooked }: More = { body: 's.body', session: 's.session', overbooked: 's.overbooked' },
): string {
  return `
  updated as (
    update slot s set status = ${status}, version = s.version + 1, updated = ${at}::timestamptz, taken_by = ${holder}, held_until = ${until}, session = ${session},
           overbooked = ${overbooked},
           body = ${body} || jsonb_build_object('status', ${status}, 'meta', coalesce(s.body->'meta', '{}') ||
                    jsonb_build_object('versionId', (s.version + 1)::text, 'lastUpdated', ${at}))
      from ${source} m where s.id = m.id and ${condition}
    returning s.id, s.version, ${former}),
  updated_superseded as (
    insert into slot_history (id, version, updated, deleted, body)
    select id, former_version, former_updated, false, former_body from updated),
  updated_changed as (
    insert into change (at, type, id, version, kind) select ${at}::timestamptz, 'Slot', id, version, 'update' from updated)`
}

/** CTEs that delete the rows of `source` (alias m), with history and change rows. */
export function deletion(source: string, at: string, condition = 'true'): string {
  return `
  removed as (
    update slot s set deleted = true, body = null, status = null, version = s.version + 1, updated = ${at}::timestamptz, taken_by = null, held_until = null,
           session = null, overbooked = null
      from ${source} m where s.id = m.id and ${condition}
    returning s.id, s.version, ${former}),
  removed_superseded as (
    insert into slot_history (id, version, updated, deleted, body)
    select id, former_version, former_updated, false, former_body from removed),
  removed_changed as (
    insert into change (at, type, id, version, kind) select ${at}::timestamptz, 'Slot', id, version, 'delete' from removed)`
}
