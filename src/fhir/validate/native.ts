/**
 * What an invariant that is judged by hand is, and the words of FHIRPath that such judgements are made of.
 * https://hl7.org/fhir/R4/conformance-rules.html#constraints
 */
export type Json = Readonly<Record<string, unknown>>
export type Native = {
  readonly key: string
  readonly expression: string
  readonly holds: (value: Json, root: Json) => boolean
}

/** `exists()`: an element with only an extension is there too. */
export const has = (value: Json, element: string): boolean => value[element] !== undefined || value[`_${element}`] !== undefined
export const hasChoice = (value: Json, element: string): boolean =>
  Object.keys(value).some((key) => key.replace(/^_/, '').startsWith(element))
export const lacks = (value: Json, element: string): boolean => !has(value, element)
export const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value : [])
export const object = (value: unknown): Json => (value ?? {}) as Json

export function isSurely(value: Json, element: string, codes: readonly string[]): boolean {
  const code = value[element]
  return code === undefined || codes.includes(String(code))
}
