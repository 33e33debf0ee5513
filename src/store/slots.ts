/**
 * Slots in bulk: a Schedule's openings cut into stored Slot resources, set-based, and settled with what is claimed there.
 *
 * Ids derive from the Schedule and the start, an unchanged Slot is not rewritten, one that the rules no longer make answers
 * 410, and a Slot that somebody has is left alone: it is marked `outside` and goes when it is given back.
 * No `on conflict`: it costs a quarter of the insert. A Slot that somebody PUTs under such an id in the same moment makes the
 * statement fail, and the Schedule's Slots are made again a moment later.
 * A written exception to the one door of `resources.ts`; a test compares both paths' rows.
 */
import type { Tx } from './db.ts'
import { bearsOn } from './session-slots.ts'
import { deletion, everyStatus } from './slot-status.ts'
import { prepared } from './sql.ts'

/** One way to cut: what its Slots look like and how long they are. */
export type SlotKind = {
  /** Changes when anything about the Slots of this kind does. */
  readonly rule: string
  readonly minutes: number
  /** A Slot without id, meta, status, start and end. */
  readonly template: Readonly<Record<string, unknown>>
  readonly terms: readonly string[]
}

export type SlotOpening = { readonly start: string; readonly end: string; readonly grid: string; readonly kind: number }

const utc = (instant: string): string => `to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`

const slotBody = (version: string): string => `
  k.template || jsonb_build_object('id', w.id, 'status', 'free', 'start', ${utc('w.starts')}, 'end', ${utc('w.ends')},
    'meta', jsonb_build_object('versionId', (${version})::text, 'lastUpdated', $6::text))`

/** Makes the Slots of one Schedule between two instants anew; the caller holds its plan. Gives how many changed. */
export async function regenerate(
  tx: Tx,
  input: {
    schedule: string
    idPrefix: string
    openings: readonly SlotOpening[]
    kinds: readonly SlotKind[]
    from: string
    until: string
    at: string
  },
): Promise<{ made: number; changed: number; removed: number }> {
  const [row] = await tx.query<{ made: string; changed: string; removed: string }>(
    prepared(
      `with kind as materialized (
        select (k.no - 1)::int as no, k.value->>'rule' as rule, make_interval(mins => (k.value->>'minutes')::int) as length,
               k.value->'template' as template, array(select jsonb_array_elements_text(k.value->'terms')) as terms
          from jsonb_array_elements($3::jsonb) with ordinality k (value, no)),
      wanted as materialized (
        select distinct on (t) $2::text || to_char(t at time zone 'UTC', 'YYYYMMDDHH24MI') as id, t as starts, t + k.length as ends, k.no
          from jsonb_to_recordset($4::jsonb) o (start timestamptz, "end" timestamptz, grid timestamptz, kind int)
          join kind k on k.no = o.kind,
               generate_series(o.grid, o."end" - k.length, k.length) t
         where t >= o.start
         order by t, k.no),
      present as materialized (
        select s.id, s.version, s.updated, s.body, case when s.session is null then s.status else 'busy' end as status, s.starts, s.ends, s.rule
          from slot s
         where s.schedule = $1 and s.status = any(${everyStatus}) and s.starts >= $5::timestamptz and s.starts < $7::timestamptz
           and s.rule is not null),
      unwanted as (
        select p.* from present p where not exists (select 1 from wanted w where w.id = p.id) order by p.id),
      ${deletion('unwanted', '$6::text', `m.status = 'free' and s.status = 'free' and s.session is null`)},
      outside as (
        update slot s set rule = 'outside' from unwanted m where s.id = m.id and m.status <> 'free' and (s.status <> 'free' or s.session is not null) returning 1),
      inside as (
        update slot s set rule = k.rule from present m join wanted w on w.id = m.id join kind k on k.no = w.no
         where s.id = m.id and m.rule = 'outside' and m.ends = w.ends returning 1),
      rewritten as (
        update slot s set version = s.version + 1, updated = $6::text::timestamptz, ends = w.ends, rule = k.rule, terms = k.terms,
               body = ${slotBody('s.version + 1')}
          from present m join wanted w on w.id = m.id join kind k on k.no = w.no
         where s.id = m.id and s.status = 'free' and s.session is null and m.status = 'free' and m.rule <> k.rule
        returning s.id, s.version, m.version as former_version, m.updated as former_updated, m.body as former_body),
      rewritten_superseded as (
        insert into slot_history (id, version, updated, deleted, body)
        select id, former_version, former_updated, false, former_body from rewritten),
      revived as (
        update slot s set deleted = false, status = 'free', version = s.version + 1, updated = $6::text::timestamptz, schedule = $1,
               starts = w.starts, ends = w.ends, rule = k.rule, terms = k.terms, body = ${slotBody('s.version + 1')}
          from wanted w join kind k on k.no = w.no
         where s.id = w.id and s.deleted and s.rule is distinct from 'removed'
        returning s.id, s.version),
      revived_superseded as (
        insert into slot_history (id, version, updated, deleted, body)
        select s.id, s.version, s.updated, true, null from slot s join revived r on r.id = s.id),
      made as (
        insert into slot (id, version, updated, body, terms, schedule, status, starts, ends, rule)
        select w.id, 1, $6::text::timestamptz, ${slotBody('1')}, k.terms, $1, 'free', w.starts, w.ends, k.rule
          from wanted w join kind k on k.no = w.no
         where not exists (select 1 from slot s where s.id = w.id)
         order by w.starts returning 1),
      changed as (
        insert into change (at, type, id, version, kind)
        select $6::text::timestamptz, 'Schedule', $1, 0, 'slots' where exists (select 1 from made) or exists (select 1 from rewritten) or exists (select 1 from revived)),
      planned as (
        update schedule_plan set stale = false, generated_until = $7::timestamptz,
               longest = greatest(longest, (select max(length) from kind)) where schedule = $1)
      select (select count(*) from made) + (select count(*) from revived) as made, (select count(*) from rewritten) as changed,
             (select count(*) from removed) as removed`,
      [input.schedule, input.idPrefix, JSON.stringify(input.kinds), JSON.stringify(input.openings), input.from, input.at, input.until],
    ),
  )
  return { made: Number(row?.made ?? 0), changed: Number(row?.changed ?? 0), removed: Number(row?.removed ?? 0) }
}

/** The free Slots in the times of `$1` that lie under a live claim or a block of the Schedules' actors, and whose they then are. */
const freeUnderClaims = `asked as materialized (
        select schedule, actor, "from", until
          from jsonb_to_recordset($1::jsonb) as asked (schedule text, actor text, "from" timestamptz, until timestamptz)),
      times as materialized (
        select schedule, "from", until from asked where schedule is not null
        union
        select sc.schedule, "from", until from asked join schedule_claim sc on sc.resource = asked.actor),
      bearing as materialized (
        select times.*, sc.resource from times cross join lateral (select resource from schedule_claim where schedule = times.schedule offset 0) sc),
      over as materialized (
        select bearing.schedule, c.appointment as holder, lower(c.period) as lower, upper(c.period) as upper, c.expires,
               case when c.expires is null then 'busy' else 'busy-tentative' end as status,
               case when c.seats is not null then c.session end as session, ${bearsOn('c.session')} as full
          from bearing cross join lateral (
            select * from claim
             where resource = bearing.resource and period && tstzrange(bearing."from", bearing.until) and (expires is null or expires > now()) offset 0) c
        union all
        select bearing.schedule, 'Slot/' || b.id, b.starts, b.ends, null, 'busy-unavailable', null, true
          from bearing join schedule_claim other on other.resource = bearing.resource cross join lateral (
            select id, starts, ends from slot
             where slot.schedule = other.schedule and status = 'busy-unavailable' and taken_by is null and ends > bearing."from" and starts < bearing.until offset 0) b),
      under as (
        select distinct on (s.id) s.id, s.version, s.updated, s.body, over.holder, over.status as new_status, over.expires
          from over
         cross join lateral (select longest from schedule_plan where schedule = over.schedule offset 0) p
         cross join lateral (
           select id, version, updated, body, session from slot
            where schedule = over.schedule and status = 'free' and starts < over.upper and ends > over.lower and starts > over.lower - p.longest offset 0) s
         where over.full or over.session is distinct from s.session
         order by s.id, over.expires desc nulls first, over.holder)`

type Window = { readonly from: string; readonly until: string }

/** Free Slots of a Schedule that lie under a live claim or a block of its actors become that one's. */
export const settleUnderClaims = (tx: Tx, { schedule, from, until, at }: Window & { schedule: string; at: string }): Promise<void> =>
  settleFree(tx, [{ schedule, from, until }], at)

/** The same on every Schedule of these actors. */
export const settleUnderActors = (tx: Tx, times: readonly (Window & { readonly actor: string })[], at: string): Promise<void> =>
  settleFree(tx, times, at)

/**
 * All in one order, whosever they are. They are locked in the statement before, so that whoever gives that time back just now
 * either has done so or still comes to see them taken.
 */
async function settleFree(tx: Tx, times: readonly object[], at: string): Promise<void> {
  if (times.length === 0) return
  const asked = JSON.stringify(times)
  const lock = `with ${freeUnderClaims} select 1 from slot where id = any(array(select id from under)) order by id for update`
  await tx.query(prepared(lock, [asked]))
  await tx.query(
    prepared(
      `with ${freeUnderClaims},
      taken as (
        update slot s set status = u.new_status, version = s.version + 1, updated = $2::text::timestamptz, taken_by = u.holder, held_until = u.expires,
               body = s.body || jsonb_build_object('status', u.new_status, 'meta', coalesce(s.body->'meta', '{}') ||
                        jsonb_build_object('versionId', (s.version + 1)::text, 'lastUpdated', $2::text))
          from under u where s.id = u.id and s.status = 'free' returning s.id, s.version)
      , superseded as (
        insert into slot_history (id, version, updated, deleted, body)
        select u.id, u.version, u.updated, false, u.body from under u join taken t on t.id = u.id)
      insert into change (at, type, id, version, kind) select $2::text::timestamptz, 'Slot', id, version, 'update' from taken`,
      [asked, at],
    ),
  )
}
