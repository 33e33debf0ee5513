/** Until the waitlist has nothing left to do: what is offered then is offered for good. */
import { offerWaitlist } from '../../src/jobs/offer-waitlist.ts'
import type { House } from '../../src/store/house.ts'
import { eventually } from './house.ts'

/** The job has dealt with all that was written until now, and nothing is left to be offered. */
export async function waitlistSettled(house: House): Promise<void> {
  await eventually(60_000, async () => {
    await offerWaitlist(house)
    const [row] = await house.pool.query<{ n: number }>({
      text: `select ((select count(*) from waitlist_time) + (select count(*) from waitlist_offer where state <> 'live' and not settled)
                   + (select count(*) from change c, follower f where f.name = 'waitlist' and (c.xid, c.pos) > (f.xid, f.pos)))::int as n`,
      values: [],
    })
    return row?.n === 0
  })
}
