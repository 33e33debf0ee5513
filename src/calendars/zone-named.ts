/**
 * The IANA zone that a calendar means by a TZID: its name, also behind a prefix of the program that wrote it, Windows' name
 * for it, or what Windows shows to people: `W. Europe Standard Time`, `(UTC+01:00) Amsterdam, Berlin, Bern, Rom, …`.
 * https://www.rfc-editor.org/rfc/rfc5545#section-3.2.19
 * Left out: VTIMEZONE, so a zone that somebody has made up (`Customized Time Zone`) has no name here.
 */
import { windowsZones } from './windows-zones.ts'

const byName = new Map(windowsZones.map(([name, zone]) => [name.toLowerCase(), zone]))

type Shown = { readonly minutes: number; readonly places: readonly string[] }

/** As it is shown now and was by older versions: `(GMT-5:00) Indiana (East)`, `(UTC) Dublin / Edinburgh / …`. */
function shownAs(text: string): Shown | undefined {
  const [, sign, hours = '0', minutes = '0', names] = /^\((?:UTC|GMT) ?(?:([+-])(\d{1,2})[:.]?(\d{2}))?\)\s*(\S.*)$/i.exec(text) ?? []
  if (names === undefined) return undefined
  const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  // A text has its commas behind a backslash, and some programs leave it there in a parameter.
  return { minutes: ahead, places: names.toLowerCase().split(/\s*(?:\\?,|\/)\s*/) }
}

/** Of one name there may be two places: `La Paz` lies in Bolivia and in Mexico. */
const byPlace = Map.groupBy(
  windowsZones.flatMap(([, zone, shown]) => {
    const { minutes, places } = shownAs(shown) ?? { minutes: 0, places: [] }
    return places.map((place) => ({ place, minutes, zone }))
  }),
  ({ place }) => place,
)

/** Windows' language may not be English: some of the places must be known, and those must all lie in one zone. */
function zoneShown(text: string): string | undefined {
  const shown = shownAs(text)
  const found = shown?.places.flatMap((place) => byPlace.get(place)?.filter(({ minutes }) => minutes === shown.minutes) ?? []) ?? []
  const [first, ...others] = new Set(found.map(({ zone }) => zone))
  return others.length === 0 ? first : undefined
}

/** Undefined: no zone that is known. */
export function zoneNamed(tzid: string, isTimeZone: (name: string) => boolean): string | undefined {
  const steps = tzid.split('/').filter((step) => step !== '')
  const endings = [steps.length, 3, 2, 1].map((count) => steps.slice(-count).join('/'))
  const text = tzid.trim()
  if (/^tzone:\/\/Microsoft\/Utc$/i.test(text)) return 'UTC'
  return byName.get(text.toLowerCase()) ?? endings.find((one) => one !== '' && isTimeZone(one)) ?? zoneShown(text)
}
