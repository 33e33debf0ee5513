/**
 * The bare limit: Fastify and pg doing the one statement that each job needs, with no FHIR, no checks, no login and no
 * audit. What a server on this machine and this Postgres could reach at best; ours is measured in turns with it.
 * Runs as a process of its own: `node test/bench/limit.ts DATABASE_URL SCHEDULES SLOTS_PER_DAY DAYS`; prints its address.
 */
import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'
import { patientsInLimit } from './limit-client.ts'

const [url, schedules, perDay, days] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 20, options: '-c search_path=bench_limit,public' })
// When the bench breaks off, its database goes first.
pool.on('error', () => process.exit(1))

await pool.query(`
  drop schema if exists bench_limit cascade;
  create schema bench_limit;
  create extension if not exists btree_gist;
  create table patient (id text primary key, version bigint, body jsonb);
  create table slot (id text primary key, schedule int, starts timestamptz, status text, version bigint, body jsonb);
  create table appointment (id uuid primary key, version bigint, body jsonb, starts timestamptz, patient text, actor text);
  create index on appointment (patient, starts);
  create table claim (appointment uuid, resource text, period tstzrange, exclude using gist (resource with =, period with &&));
  create table change (pos bigserial primary key, body jsonb)`)

await pool.query(
  `insert into patient
   select 'p' || i, 1, jsonb_build_object('resourceType', 'Patient', 'id', 'p' || i, 'meta', jsonb_build_object('versionId', '1'),
     'name', jsonb_build_array(jsonb_build_object('family', 'Bench', 'given', jsonb_build_array('P' || i))),
     'gender', 'unknown', 'birthDate', '1980-01-01')
   from generate_series(0, $1::int - 1) i`,
  [patientsInLimit],
)
await pool.query(
  `insert into slot
   select s || '-' || d || '-' || n, s, at, 'free', 1, jsonb_build_object('resourceType', 'Slot', 'id', s || '-' || d || '-' || n,
     'meta', jsonb_build_object('versionId', '1'), 'schedule', jsonb_build_object('reference', 'Schedule/' || s), 'status', 'free',
     'start', to_jsonb(at), 'end', to_jsonb(at + interval '15 minutes'))
   from generate_series(0, $1::int - 1) s, generate_series(1, $3::int) d, generate_series(0, $2::int - 1) n,
     lateral (select date_trunc('day', now(), 'UTC') + d * interval '24 hours' + interval '14 hours' + n * interval '15 minutes' as at) t`,
  [schedules, perDay, days],
)
await pool.query(`create index on slot (schedule, starts) where status = 'free'`)
// What making a million rows left to be done is done now, on both sides, and not while a read is timed.
await pool.query('vacuum analyze')
await pool.query('checkpoint')

const app = Fastify()
const fhirJson = 'application/fhir+json; charset=utf-8'

app.get<{ Params: { id: string } }>('/Patient/:id', async (request, reply) => {
  const values = [request.params.id]
  const { rows } = await pool.query({ name: 'read', text: 'select version, body::text as body from patient where id = $1', values })
  reply.header('etag', `W/"${rows[0].version}"`).type(fhirJson)
  return rows[0].body
})

app.get<{ Querystring: { schedule: string; from: string; until: string } }>('/Slot', async (request, reply) => {
  const { rows } = await pool.query<{ body: string }>({
    name: 'free',
    text: `select body::text as body from slot
           where schedule = $1 and starts >= $2 and starts < $3 and status = 'free' order by starts limit 50`,
    values: [request.query.schedule, request.query.from, request.query.until],
  })
  reply.type(fhirJson)
  return `{"resourceType":"Bundle","type":"searchset","entry":[${rows.map(({ body }) => `{"resource":${body}}`).join(',')}]}`
})

const book = `
  with claimed as (insert into claim values ($1, $2, tstzrange($3, $4)) on conflict do nothing returning 1),
       written as (insert into appointment select $1, 1, $5::jsonb, $3, $6, $2 from claimed returning 1),
       taken as (update slot set status = 'busy', version = version + 1, body = jsonb_set(body, '{status}', '"busy"')
                 where id = $7 and status = 'free' returning 1)
  insert into change (body) select jsonb_build_object('appointment', $1::text) from written, generate_series(1, 2)`

app.post<{ Body: { slot: string; start: string; end: string; actor: string; patient: string } }>('/book', async (request, reply) => {
  const { slot, start, end, actor, patient } = request.body
  const id = randomUUID()
  const participant = [`Patient/${patient}`, `Practitioner/${actor}`].map((reference) => ({ actor: { reference }, status: 'accepted' }))
  const body = JSON.stringify({
    resourceType: 'Appointment',
    id,
    status: 'booked',
    start,
    end,
    slot: [{ reference: `Slot/${slot}` }],
    participant,
  })
  const { rowCount } = await pool.query({ name: 'book', text: book, values: [id, actor, start, end, body, patient, slot] })
  return reply
    .code(rowCount ? 201 : 409)
    .type(fhirJson)
    .send(rowCount ? body : '{}')
})

app.addContentTypeParser('application/fhir+json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'))
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
process.once('SIGTERM', async () => {
  await app.close()
  await pool.end()
})
