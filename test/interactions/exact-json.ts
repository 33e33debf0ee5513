/** JSON compared digit by digit: a number stays the text it was, so that 1.50 is not 1.5. */

type Reviver = (key: string, value: unknown) => unknown

/** ECMA-262's source text access, which the compiler's library does not know yet. */
const keepDigits = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  typeof value === 'number' ? `number ${source}` : value

export const parseExact = (text: string): Record<string, unknown> => JSON.parse(text, keepDigits as Reviver) as Record<string, unknown>
