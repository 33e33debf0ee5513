/** `slotwise timeoff import`: holidays, absences and closures from an iCalendar file, for one person, place or house. */
import { readFile, stat } from 'node:fs/promises'
import { calendarBytesMax } from '../base/limits.ts'
import { importTimeOff } from '../jobs/import-time-off.ts'
import { type Command, UsageError } from './command.ts'

export const timeOffImport: Command = {
  name: 'timeoff import',
  does: 'read holidays and absences from an iCalendar file',
  operands: { value: 'FILE.ics', means: 'the calendar', many: false },
  options: {
    for: { type: 'string', value: 'REF', means: 'whose: Practitioner/1, Location/1, Organization/1 or Schedule/1', required: true },
    zone: { type: 'string', value: 'ZONE', means: 'of times that name none; otherwise the one of the resource, else DEFAULT_TIME_ZONE' },
    replace: { type: 'boolean', means: 'what was imported before and is not in this file goes' },
    summaries: { type: 'boolean', means: 'keep the titles of events, which patients may come to read' },
  },
  run: async (context, values, [path = '']) => {
    const calendar = await calendarAt(path)
    const zone = typeof values.zone === 'string' ? values.zone : undefined
    const house = await context.openHouse('guest')
    try {
      const { closures, changed, skipped, refused } = await importTimeOff(house, {
        ...{ calendar, zone, target: String(values.for) },
        replace: values.replace === true,
        summaries: values.summaries === true,
      })
      for (const { uid, why } of refused) console.error(`${path}: event ${uid}: ${why}`)
      const what = changed ? 'written' : 'unchanged'
      context.say(`${closures} closures ${what}; ${skipped} events take no time; ${refused.length} refused.`)
      return refused.length > 0 ? 1 : 0
    } finally {
      await house.close()
    }
  },
}

async function calendarAt(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new UsageError(`There is no file ${path}.`)
  if (found.size > calendarBytesMax) throw new UsageError(`${path} is larger than ${calendarBytesMax / 1024 / 1024} MB.`)
  return readFile(path, 'utf8')
}
