/** `slotwise timeoff import` as it is typed, beside a running server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dateIn } from '../support/clinic.ts'
import { caller, made } from '../support/house.ts'
import { slotwise, workplace } from '../support/program.ts'

it('says what became of the events, exits 1 where one was refused and 2 where nothing can be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slotwise-time-off-'))
  const place = await workplace()
  try {
    const server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    const call = caller(`${server.origin}/fhir`, out.trim())
    const { id } = made(await call('POST', 'Organization', { resourceType: 'Organization', name: 'Closed at times' }))
    const day = dateIn(9)
    const events = [
      ['UID:a', `DTSTART;VALUE=DATE:${day.replaceAll('-', '')}`, 'SUMMARY:Feast'],
      ['UID:b', 'DTSTART:20261224T090000Z'],
    ]
    const path = join(folder, 'off.ics')
    const text = events.flatMap((lines) => ['BEGIN:VEVENT', ...lines, 'END:VEVENT'])
    await writeFile(path, ['BEGIN:VCALENDAR', ...text, 'END:VCALENDAR', ''].join('\r\n'))
    const typed = (...words: string[]) => slotwise(['timeoff', 'import', ...words], place.settings)
    const first = await typed(path, '--for', `Organization/${id}`, '--summaries')
    expect(first).toEqual({
      code: 1,
      out: '1 closures written; 0 events take no time; 1 refused.\n',
      err: `${path}: event b: The event has neither DTEND nor DURATION.\n`,
    })
    const { extension } = made(await call('GET', `Organization/${id}`), 200)
    const said = extension?.[0]?.extension?.map(({ url, ...value }) => [url, ...Object.values(value)])
    expect(said).toEqual([
      ['during', { end: day, start: day }],
      ['description', 'Feast'],
      ['uid', 'a'],
    ])
    expect((await typed(join(folder, 'none.ics'), '--for', `Organization/${id}`)).code).toBe(2)
    expect((await typed(path)).err).toContain('--for is needed')
  } finally {
    await place.leave()
    await rm(folder, { recursive: true })
  }
})
