/**
 * What search needs to know of one resource: the values that `store` keeps in columns beside its body.
 *
 * Terms are exact-match words, each led by its parameter's name:
 *   token      `status=booked`, `identifier=http://sys|123`, `identifier=123`, `identifier=http://sys|`, `identifier=|123` (no system)
 *   reference  `actor=Practitioner/1` (ours, relative, no version), `actor=https://other/Patient/9` (elsewhere), `actor=#contained`,
 *              `actor:identifier=http://sys|123` (a logical reference)
 *              `identifier:of-type=http://types|MR|123`
 *              `questionnaire:below=https://a/b|1`, `…|1.2` (a canonical of version 1.2)
 *   uri        `url=https://a/b`, `url:below=https://a/b`, `url:below=https://a`
 *   present    `reason-code:` (a text or a display alone, which only `:missing` looks for)
 *   composite  `context-type-value=http://a|x\u001fy`: the words of both parts
 *   compartment `@Patient/1`: the resource is in that patient's compartment
 * Strings are lines of one text: `\nname=smith\n` normalised (NFD, marks stripped, lower case), and `\nname!Smith\n` as written;
 * beside codes and references `\ncode:text= head pain\n`.
 */

export type DateBounds = { readonly lower: string; readonly upper: string }

/** A number or a range of them, as decimal text, null where open; its unit as the Quantity says it. */
export type NumberValue = {
  readonly code: string
  readonly lower: string | null
  readonly upper: string | null
  readonly system: string | null
  readonly unitCode: string | null
  readonly unit: string | null
  /** Of a composite: the words of the part that goes with the number. */
  readonly tokens?: readonly string[]
}

export type IndexValues = {
  readonly terms: readonly string[]
  /** Empty where the type has no string parameter with a value. */
  readonly strings: string
  /** By date parameter: the hull of its values as instants, half-open; open ends are `-infinity` and `infinity`. */
  readonly dates: Readonly<Record<string, DateBounds>>
  /** Values of number and quantity parameters, and of composites with one. */
  readonly numbers: readonly NumberValue[]
  readonly position?: { readonly latitude: number; readonly longitude: number }
}
