/**
 * A database as years leave it: rows that are there are written again and again by SQL, as those of other clinics and, where
 * they are visits, of days long past. Indexes are taken away meanwhile and made anew, which is many times quicker.
 * Left out: their versions, changes and audit, which nothing that is measured looks into.
 */
import pg from 'pg'

export type Filled = { readonly slots: number; readonly past: number; readonly seconds: number }
type Client = pg.Client
/** What a copy says instead of what its row says, by column; `n` is the number of the copy. */
type Changes = Readonly<Record<string, string>>

/** So many copies of one visit are of one clinic, each some days before the other. */
const copiesOfOneClinic = 100
/** The visits that are copied stand within so many days, and their copies lie before today. */
const days = { span: 5, ahead: 40 } as const
/** Of one clinic's copies every so many are of one patient. */
const patientsInTurn = 20

const otherClinic = `case when n % ${copiesOfOneClinic} = 0 then '' else '.c' || n % ${copiesOfOneClinic} end`
const otherPatient = `case when n / ${copiesOfOneClinic} % ${patientsInTurn} = 0 then '' else '.p' || n / ${copiesOfOneClinic} % ${patientsInTurn} end`
const daysBack = `((${days.ahead} + ${days.span} * (n / ${copiesOfOneClinic})) * interval '24 hours')`

/** Looked for once, in what is copied: `~c` stands where another clinic's name differs, `~p` where a patient's, `~v` where a visit's. */
const marked = (text: string): string => {
  const places = { 'Practitioner|Location|Schedule': '~c', Patient: '~c~p', Slot: '~v' }
  return Object.entries(places).reduce(
    (sql, [types, mark]) => `regexp_replace(${sql}, '((${types})/[A-Za-z0-9-]+)', '\\1${mark}', 'g')`,
    text,
  )
}
const filledIn = (text: string): string =>
  `replace(replace(replace(${text}, '~c', ${otherClinic}), '~p', ${otherPatient}), '~v', '.v' || n)`

const pastVisit: Changes = {
  id: `t.id || '.v' || n`,
  starts: `t.starts - ${daysBack}`,
  ends: `t.ends - ${daysBack}`,
  updated: `t.updated - ${daysBack}`,
  body: `${filledIn('t.body::text')}::jsonb || jsonb_build_object('id', t.id || '.v' || n, 'start', t.starts - ${daysBack}, 'end', t.ends - ${daysBack})`,
  terms: `${filledIn('t.terms::text')}::text[]`,
  confirmation: 'null',
}
const markedVisit: Changes = { body: `${marked('body::text')}::jsonb`, terms: `${marked('terms::text')}::text[]` }

const pastClaim: Changes = {
  resource: filledIn('t.resource'),
  session: `t.session || '.v' || n`,
  appointment: `t.appointment || '.v' || n`,
  period: `tstzrange(lower(t.period) - ${daysBack}, upper(t.period) - ${daysBack})`,
}
const markedClaim: Changes = { resource: marked('resource') }

const slotOfOther: Changes = {
  id: `t.id || '.c' || n`,
  schedule: `t.schedule || '.c' || n`,
  taken_by: 'null',
  body: `t.body || jsonb_build_object('id', t.id || '.c' || n, 'schedule', jsonb_build_object('reference', 'Schedule/' || t.schedule || '.c' || n))`,
}

/** Until there are about so many Slots and past visits. */
export async function fill(databaseUrl: string, slots: number, past: number, tell: (what: string) => void): Promise<Filled> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const started = performance.now()
  try {
    await client.query(`set synchronous_commit = off; set maintenance_work_mem = '512MB'; set max_parallel_maintenance_workers = 0`)
    const madeSlots = await copies({
      client,
      table: 'slot',
      which: `status = 'free'`,
      marks: {},
      changes: slotOfOther,
      wanted: slots,
      tell,
    })
    const visits = { client, table: 'appointment', which: `status = 'booked'`, marks: markedVisit, changes: pastVisit, wanted: past, tell }
    const madePast = await copies(visits)
    await copies({ client, table: 'claim', which: 'expires is null', marks: markedClaim, changes: pastClaim, wanted: madePast, tell })
    await settle(databaseUrl)
    return { slots: madeSlots, past: madePast, seconds: (performance.now() - started) / 1000 }
  } finally {
    await client.end()
  }
}

/** Nothing is left to do of what was written: no statistics to make, no pages to write out. */
export async function settle(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('vacuum analyze')
    await client.query('checkpoint')
  } finally {
    await client.end()
  }
}

const rowsAtOnce = 500_000

type Copies = {
  readonly client: Client
  readonly table: string
  readonly which: string
  /** What an original says to begin with, by column. */
  readonly marks: Changes
  readonly changes: Changes
  readonly wanted: number
  readonly tell: (what: string) => void
}

/** How many rows were made. */
async function copies({ client, table, which, marks, changes, wanted, tell }: Copies): Promise<number> {
  const columns = await columnsOf(client, table)
  const kept = columns.map((column) => `${marks[column] ?? `"${column}"`} as "${column}"`)
  await client.query(`create temp table original as select ${kept} from "${table}" where ${which}`)
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from original')
  const originals = rows[0]?.count ?? 0
  const each = Math.round(wanted / originals)
  const values = columns.map((column) => changes[column] ?? `t."${column}"`)
  const restore = await withoutIndexes(client, table)
  const step = Math.max(1, Math.floor(rowsAtOnce / originals))
  for (let from = 1; from <= each; from += step) {
    const until = Math.min(each, from + step - 1)
    await client.query(
      `insert into "${table}" (${columns.map((column) => `"${column}"`)}) select ${values} from original t, generate_series(${from}, ${until}) n`,
    )
    tell(`${table}: ${(until * originals).toLocaleString('en')} of ${(each * originals).toLocaleString('en')}`)
  }
  for (const sql of restore) await client.query(sql)
  await client.query('drop table original')
  return each * originals
}

async function columnsOf(client: Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [`"${table}"`],
  )
  return rows.map(({ name }) => name)
}

/** Takes them away, and gives the statements that make them anew. */
async function withoutIndexes(client: Client, table: string): Promise<string[]> {
  const constraints = await client.query<{ name: string; says: string }>(
    `select conname as name, pg_get_constraintdef(oid) as says from pg_constraint where conrelid = $1::regclass and contype in ('p', 'u', 'x')`,
    [`"${table}"`],
  )
  for (const { name } of constraints.rows) await client.query(`alter table "${table}" drop constraint "${name}"`)
  const indexes = await client.query<{ name: string; says: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as says from pg_index where indrelid = $1::regclass`,
    [`"${table}"`],
  )
  for (const { name } of indexes.rows) await client.query(`drop index ${name}`)
  return [
    ...constraints.rows.map(({ name, says }) => `alter table "${table}" add constraint "${name}" ${says}`),
    ...indexes.rows.map(({ says }) => says),
  ]
}
