/** `slotwise import` and `slotwise export` as they are typed, beside a running server. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Call, caller } from '../support/house.ts'
import { slotwise, type Workplace, workplace } from '../support/program.ts'

const patient = (id: string, more: object = {}): string =>
  JSON.stringify({ resourceType: 'Patient', id, name: [{ family: 'Typed' }], ...more })

describe('import and export, beside a server', () => {
  let folder: string
  let place: Workplace
  let call: Call
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slotwise-bulk-'))
    place = await workplace()
    const server = await place.serve()
    const { out } = await slotwise(['token', '--scope', 'system/*.cruds'], place.settings)
    call = caller(`${server.origin}/fhir`, out.trim())
    // A first start makes a database of its own, which takes long on a machine that is busy.
  }, 180_000)
  afterAll(async () => {
    await place.leave()
    await rm(folder, { recursive: true })
  })

  const file = async (name: string, lines: readonly string[]): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, `${lines.join('\n')}\n`)
    return path
  }

  it('imports a file, says what became of it, and changes nothing a second time', async () => {
    const path = await file('one.ndjson', [patient('typed-1'), patient('typed-2')])
    expect(await slotwise(['import', path], place.settings)).toEqual({
      code: 0,
      out: '2 created, 0 updated, 0 unchanged, 0 refused.\n',
      err: '',
    })
    expect((await slotwise(['import', path], place.settings)).out).toBe('0 created, 0 updated, 2 unchanged, 0 refused.\n')
    expect((await call('GET', 'Patient/typed-1')).status).toBe(200)
  })

  it('tells refused lines and exits 1, or writes them into a file', async () => {
    const path = await file('bad.ndjson', [patient('typed-3'), '{}', patient('typed-4', { gender: 'yes' })])
    const { code, out, err } = await slotwise(['import', path], place.settings)
    expect([code, out]).toEqual([1, '1 created, 0 updated, 0 unchanged, 2 refused.\n'])
    expect(err).toContain(`${path}:2: `)
    const errors = join(folder, 'errors.ndjson')
    expect((await slotwise(['import', '--errors', errors, path], place.settings)).err).toBe('')
    const outcomes = (await readFile(errors, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).issue[0].diagnostics.split(':')[0])
    expect(outcomes).toEqual(['Line 2', 'Line 3 (Patient/typed-4)'])
  })

  it('exports into a folder what is stored, for its owner alone, and never over a file', async () => {
    const target = join(folder, 'out')
    const { code, out } = await slotwise(['export', target, '--type', 'Patient,Location'], place.settings)
    expect([code, out]).toEqual([0, expect.stringMatching(/^3 resources as of \S+ are in /)])
    expect(await readdir(target)).toEqual(['Patient.ndjson'])
    expect((await stat(join(target, 'Patient.ndjson'))).mode & 0o777).toBe(0o600)
    const lines = (await readFile(join(target, 'Patient.ndjson'), 'utf8')).trimEnd().split('\n')
    const read = await Promise.all(lines.map(async (line) => (await call('GET', `Patient/${JSON.parse(line).id}`)).text))
    expect(lines).toEqual(read)
    const again = await slotwise(['export', target], place.settings)
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('is there already')])
  })

  it('exports what was deleted since an instant', async () => {
    const since = new Date().toISOString()
    await call('DELETE', 'Patient/typed-2')
    const target = join(folder, 'since')
    expect((await slotwise(['export', target, '--since', since], place.settings)).code).toBe(0)
    expect(await readdir(target)).toEqual(['Patient.deleted.ndjson'])
    expect(await readFile(join(target, 'Patient.deleted.ndjson'), 'utf8')).toContain('Patient/typed-2')
  })

  it('exports patients, some of them, or the members of a Group, and of a type what searches find', async () => {
    const visit = (id: string, who: string, status: string) =>
      JSON.stringify({ resourceType: 'Task', id, status, intent: 'order', for: { reference: `Patient/${who}` } })
    const group = {
      resourceType: 'Group',
      id: 'some',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: 'Patient/level-2' } }],
    }
    const tasks = [visit('t-1', 'level-1', 'requested'), visit('t-2', 'level-2', 'requested'), visit('t-3', 'level-2', 'completed')]
    const nobodys = JSON.stringify({ resourceType: 'Location', id: 'nobodys', name: 'Nobody’s' })
    const path = await file('levels.ndjson', [patient('level-1'), patient('level-2'), nobodys, JSON.stringify(group), ...tasks])
    expect((await slotwise(['import', path], place.settings)).code).toBe(0)
    const taken = { count: 0 }
    const exported = async (...words: string[]): Promise<string[]> => {
      const target = join(folder, `level-${taken.count++}`)
      const { code, err } = await slotwise(['export', target, ...words], place.settings)
      expect([code, err]).toEqual([0, ''])
      const files = await readdir(target)
      const texts = await Promise.all(files.map((name) => readFile(join(target, name), 'utf8')))
      const ids = texts.flatMap((text) => text.trimEnd().split('\n')).map((line): string => JSON.parse(line).id)
      return ids.filter((id) => !id.startsWith('typed')).toSorted()
    }
    expect(await exported('--patients')).toEqual(['level-1', 'level-2', 'some', 't-1', 't-2', 't-3'])
    expect(await exported('--patient', 'level-1', '--type', 'Patient,Task')).toEqual(['level-1', 't-1'])
    expect(await exported('--group', 'some', '--type', 'Patient,Task')).toEqual(['level-2', 't-2', 't-3'])
    const filter = 'Task?status=completed Task?_id=t-1 Patient?_id=level-2'
    expect(await exported('--type', 'Patient,Task', '--filter', filter)).toEqual(['level-2', 't-1', 't-3'])
    expect(await exported('--group', 'Group/some', '--type', 'Task', '--filter', 'Task?status=requested')).toEqual(['t-2'])
    const unknown = await slotwise(['export', join(folder, 'none'), '--group', 'nobody'], place.settings)
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('There is no Group/nobody.')])
  })

  it('moves everything into another database', async () => {
    const target = join(folder, 'whole')
    expect((await slotwise(['export', target], place.settings)).code).toBe(0)
    const elsewhere = await workplace()
    const { code, out } = await slotwise(['import', target], elsewhere.settings)
    await elsewhere.leave()
    expect([code, out]).toEqual([0, '9 created, 0 updated, 0 unchanged, 0 refused.\n'])
  })

  it.each([
    [['export'], 'Say DIR'],
    [['export', 'a', 'b'], 'Say one DIR only.'],
    [['import'], 'Say FILE|DIR'],
    [['import', '/nowhere/at/all'], 'There is no /nowhere/at/all.'],
    [['export', 'x', '--type', 'Nonsense'], 'There is no export of Nonsense.'],
    [['export', 'x', '--filter', 'Task?nonsense=1'], 'A filter cannot have the parameter nonsense.'],
    [['export', 'x', '--group', 'some', '--patients'], 'Say --group or --patients'],
    [['export', 'x', '--group', 'some', '--patient', 'level-1'], 'A patient that was named is no member of the Group.'],
    [['export', 'x', '--patients', '--type', 'Slot'], 'in no patient'],
  ])('answers %j with the usage and exit code 2', async (words, sentence) => {
    const { code, err } = await slotwise(words, place.settings)
    expect([code, err]).toEqual([2, expect.stringContaining(sentence)])
    expect(err).toContain(`Usage: slotwise ${words[0]}`)
  })
})
