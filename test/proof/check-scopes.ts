/**
 * What a patient's own token reaches (docs/rest.md, docs/booking.md): nobody else's data, nobody else's visits, and no two visits of
 * their own at one time.
 */
import { byId, certainly, overlap, takesTime } from './held-time.ts'
import type { Broken, History, Version } from './history.ts'

export const patientsReachTheirOwn = (history: History): Broken[] => [...nothingOfOthers(history), ...inOnePlace(history)]

const nothingOfOthers = ({ deeds }: History): Broken[] =>
  deeds.flatMap(({ id, kind, self, pries, outcome, patients }) => {
    const others = self === undefined ? [] : patients.filter((patient) => patient !== self)
    return [
      ...(pries && outcome === 'ok' ? [`deed ${id} (${kind}) of Patient/${self} was let at what is another's`] : []),
      ...(others.length > 0 ? [`deed ${id} (${kind}) showed Patient/${self} what is of Patient/${others}`] : []),
    ].map((what) => ({ guarantee: 'scope' as const, what }))
  })

type At = { readonly visit: Version; readonly when: { readonly from: number; readonly until: number } }
const always = { from: 0, until: Number.POSITIVE_INFINITY }

/** By what they were told, and by what stands in the end. Whoever is moved, by themselves or by the clinic, is bound by the same rule. */
function inOnePlace(history: History): Broken[] {
  const told = certainly(history).flatMap(({ visit, when }) => (visit && when.from < when.until ? [{ visit, when }] : []))
  const stands = [...byId(history.after.versions).values()].flatMap((list): At[] => {
    const visit = list.at(-1)
    return visit && takesTime(visit) ? [{ visit, when: always }] : []
  })
  return history.ground.selves.flatMap((self) =>
    [told, stands].flatMap((list) => {
      const own = list.filter(({ visit }) => visit.patients.includes(self))
      return own.flatMap((one) =>
        own
          .filter(
            (other) => other.visit.id > one.visit.id && overlap(one.when, other.when) && overlap(timeOf(one.visit), timeOf(other.visit)),
          )
          .map((other) => ({
            guarantee: 'rule' as const,
            what: `Patient/${self} was at Appointment/${one.visit.id} and at Appointment/${other.visit.id} at one time`,
          })),
      )
    }),
  )
}

const timeOf = ({ start = 0, end = 0 }: Version): { from: number; until: number } => ({ from: start, until: end })
