/**
 * `npm run conformance -- --base URL [--token T] …`: runs the checks against any FHIR base, prints a table, writes a FHIR
 * TestReport and a JUnit file where asked. Exits 1 where a check fails, 2 where it was not understood.
 */
import { writeFile } from 'node:fs/promises'
import { argv, exit, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import type { Options } from './options.ts'
import { junit } from './report/junit.ts'
import { table } from './report/table.ts'
import { testReport } from './report/test-report.ts'
import { type SmartOptions, smartOptions } from './smart-options.ts'
import { conformance } from './suite.ts'
import { tracks } from './tracks.ts'

const usage = `Usage: npm run conformance -- --base URL [options]
  --token T          a bearer token that may do everything
  --track NAME       only this track, repeatable: ${tracks.map(({ name }) => name).join(' ')}
  --only NAME        only checks whose name begins so, or that a public list calls so, repeatable
  --report FILE      a FHIR TestReport
  --junit FILE       JUnit XML
  --receiver HOST    where the server reaches this machine, for subscriptions; with a port if need be
  --slot-token T     a token that may read and search Slots and nothing else (system/Slot.rs)
  --patient-token T  a patient's token (patient/*.rs), with --patient ID
  --patient ID
  --smart FILE       who is registered at the authorization server, and how somebody signs in (JSON)
`

type Values = Readonly<Record<string, string | undefined>> & { readonly track?: string[]; readonly only?: string[] }

function given(): Values | undefined {
  const text = { type: 'string' } as const
  const many = { type: 'string', multiple: true } as const
  const one = { base: text, token: text, report: text, junit: text, receiver: text, patient: text, smart: text }
  const options = { ...one, track: many, only: many, 'slot-token': text, 'patient-token': text }
  try {
    const { values } = parseArgs({ args: argv.slice(2), options })
    const unknown = values.track?.find((name) => !tracks.some((track) => track.name === name))
    return values.base === undefined || unknown !== undefined ? undefined : (values as Values)
  } catch {
    return undefined
  }
}

/** What stands in the file of `--smart`; whatever is wrong with it is told, and undefined. */
async function smartOf(file: string | undefined): Promise<SmartOptions | undefined> {
  if (file === undefined) return {}
  try {
    return await smartOptions(file)
  } catch (error) {
    stdout.write(`--smart ${error instanceof Error ? error.message : error}\n`)
    return undefined
  }
}

async function main(): Promise<number> {
  const values = given()
  const smart = await smartOf(values?.smart)
  if (values?.base === undefined || smart === undefined) {
    stdout.write(usage)
    return 2
  }
  const options: Options = {
    receiver: values.receiver,
    slotToken: values['slot-token'],
    patientToken: values['patient-token'],
    patient: values.patient,
    smart,
  }
  const base = values.base.replace(/\/$/, '')
  const results = await conformance({ base, token: values.token, options, track: values.track, only: values.only })
  stdout.write(`${table(results)}\n`)
  const issued = new Date().toISOString()
  if (values.report) await writeFile(values.report, `${JSON.stringify(testReport(results, base, issued), null, 2)}\n`)
  if (values.junit) await writeFile(values.junit, junit(results, base, issued))
  return results.some(({ verdict }) => verdict === 'fail') || results.length === 0 ? 1 : 0
}

if (import.meta.main) exit(await main())
