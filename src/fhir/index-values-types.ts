/**
 * What search needs to know of one resource: the values that `store` keeps in columns beside its body.
 *
 * Terms are exact-match words, each led by its parameter's name:
 *   token      `status=booked`, `identifier=http://sys|123`, `identifier=123`, `identifier=http://sys|`, `identifier=|123` (no system)
 *   reference  `actor=Practitioner/1` (ours, relative, no version), `actor=https://other/Patient/9` (elsewhere), `actor=#contained`,
 *              `actor:identifier=http://sys|123` (a logical reference)
 *              `identifier:of-type=http://types|MR|123`
 *   uri        `url=https://a/b`, `url:below=https://a/b`, `url:below=https://a`
 *   compartment `@Patient/1`: the resource is in that patient's compartment
 * Strings are lines of one text: `\nname=smith\n` normalised (NFD, marks stripped, lower case), and `\nname!Smith\n` as written.
 */

export type DateBounds = { readonly lower: string; readonly upper: string }

export type IndexValues = {
  readonly terms: readonly string[]
  /** Empty where the type has no string parameter with a value. */
  readonly strings: string
  /** By date parameter: the hull of its values as instants, half-open; open ends are `-infinity` and `infinity`. */
  readonly dates: Readonly<Record<string, DateBounds>>
  /** By quantity or number parameter, the first value. */
  readonly position?: { readonly latitude: number; readonly longitude: number }
}
