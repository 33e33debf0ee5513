/** Guarantee 9: no log line, metric or error text carries patient data. Patients here are called by names that nothing else has. */
import type { Broken, History } from './history.ts'

const broken = (what: string): Broken => ({ guarantee: 9, what })

export function nothingIsToldOfPatients({ ground, deeds, after }: History): Broken[] {
  const toldBy = (text: string): string[] => ground.secrets.filter((secret) => text.includes(secret))
  const refusals = deeds.flatMap(({ id, kind, said = '' }) =>
    toldBy(said).map((secret) => broken(`deed ${id} (${kind}) was refused with a text that says ${secret}`)),
  )
  const logs = after.heard.flatMap(({ from, text }) => toldBy(text).map((secret) => broken(`${from} says ${secret}`)))
  return [...refusals, ...logs]
}
