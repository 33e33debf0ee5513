/** What was answered is on disk, and nothing is half there, whichever process is killed in the middle of a stream of bookings. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemIds } from '../../src/base/ids.ts'
import { type Embedded, openEmbedded } from '../../src/store/embedded.ts'
import { openPool } from '../../src/store/pool.ts'
import { disagreements } from '../support/agreement.ts'
import { bookAll, freeSlots, lost, type Stream } from '../support/booking-stream.ts'
import { type Clinic, clinic } from '../support/clinic.ts'
import { type Call, caller, eventually } from '../support/house.ts'
import { type Server, slotwise, type Workplace, workplace } from '../support/program.ts'

const desks = 8
const recoveryMs = 90_000

describe('a clinic whose server falls', () => {
  let place: Workplace
  let server: Server
  let call: Call
  let doctors: Clinic
  beforeAll(async () => {
    place = await workplace()
    server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    call = caller(`${server.origin}/fhir`, out.trim())
    doctors = await clinic(call, { n: desks, horizon: new Date(Date.now() + 20 * 86_400_000) })
  })
  afterAll(() => place.leave())

  const dataDir = () => place.settings.DATA_DIR ?? ''
  const postmaster = async () => Number((await readFile(join(dataDir(), 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])

  const stream = async (): Promise<Stream> => {
    const patients = await doctors.patients(desks)
    const slots = await Promise.all(doctors.schedules.map((schedule) => freeSlots(call, schedule)))
    return bookAll(
      [call],
      slots.map((free, i) => ({ slots: free, patient: patients[i] ?? '' })),
    )
  }

  const inDatabase = async <T>(use: (pool: ReturnType<typeof openPool>) => Promise<T>): Promise<T> => {
    const database: Embedded = await openEmbedded(dataDir(), { role: 'guest', ids: systemIds, warn: () => undefined })
    const pool = openPool(database.url, { max: 2 })
    try {
      return await use(pool)
    } finally {
      await pool.end()
      await database.close()
    }
  }

  /** Appointments without a change row, an audit row or their claims, and all that does not agree. */
  const half = (): Promise<string[]> =>
    inDatabase(async (pool) => {
      const rows = await pool.query<{ id: string }>({
        text: `select a.id from appointment a
                where not exists (select 1 from change c where c.type = 'Appointment' and c.id = a.id and c.version = a.version)
                   or not exists (select 1 from audit_event e where e.entity = 'Appointment/' || a.id and e.interaction = 'book')
                   or (select count(*) from claim c where c.appointment = 'Appointment/' || a.id) <> a.claims`,
        values: [],
      })
      return [...rows.map(({ id }) => `Appointment/${id} is half there`), ...(await disagreements(pool))]
    })

  const enough = async ({ booked }: Stream): Promise<void> => {
    const before = booked.length
    await eventually(recoveryMs, async () => booked.length > before + 20)
  }

  it('has every answered booking after its server is killed', async () => {
    const bookings = await stream()
    await enough(bookings)
    await server.end('SIGKILL')
    await bookings.end()
    expect([...bookings.others.keys()].filter((status) => status !== 0)).toEqual([])
    server = await place.serve()
    expect(await lost(call, bookings.booked)).toEqual([])
    expect(await half()).toEqual([])
  }, 300_000)

  it('answers 503 while its database is down, recovers by itself, and has every answered booking', async () => {
    const bookings = await stream()
    await enough(bookings)
    process.kill(await postmaster(), 'SIGKILL')
    await eventually(recoveryMs, async () => bookings.others.size > 0)
    await enough(bookings)
    await bookings.end()
    expect([...bookings.others.keys()]).toEqual([503])
    expect(await lost(call, bookings.booked)).toEqual([])
    expect(await half()).toEqual([])
  }, 300_000)

  it('starts again after both were killed at once, and has every answered booking', async () => {
    const bookings = await stream()
    await enough(bookings)
    process.kill(await postmaster(), 'SIGKILL')
    await server.end('SIGKILL')
    await bookings.end()
    server = await place.serve()
    expect(await lost(call, bookings.booked)).toEqual([])
    expect(await half()).toEqual([])
    expect(await server.end()).toBe(0)
  }, 300_000)
})
