/**
 * Elements of a resource as TypeScript sees them: unknown until looked at. A resource that is stored has been validated,
 * so what has the wrong shape here is simply not there.
 */

export type Element = Readonly<Record<string, unknown>>

export const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a repeatable element; of a single one, itself. */
export const elementsIn = (value: unknown): Element[] => (Array.isArray(value) ? value : [value]).filter(isElement)
