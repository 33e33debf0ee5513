/**
 * What was measured, as lines: a name, its figures, its aim and whether it was met.
 */
import type { Figures } from './load.ts'

export type Line = {
  readonly name: string
  readonly limit?: Figures
  readonly ours?: Figures
  /** What the aim speaks of, with its unit. */
  readonly figure: string
  readonly aim?: string
  readonly met?: boolean
}

const headsBeside = (beside: string): string[] => ['', `${beside}/s`, 'ours/s', 'p50 ms', 'p99 ms', 'figure', 'aim', '']
/** What was not measured has no rate. */
export const rate = (figures?: Figures): string => (figures ? Math.round(figures.perSecond).toLocaleString('en') : '–')
const ms = (value?: number): string => (value === undefined ? '' : value.toFixed(1))
const verdict = (met?: boolean): string => (met === undefined ? '' : met ? 'met' : 'MISSED')

const cells = ({ name, limit, ours, figure, aim, met }: Line): string[] => [
  name,
  rate(limit),
  rate(ours),
  ms(ours?.p50),
  ms(ours?.p99),
  figure,
  aim ?? '',
  verdict(met),
]

/** Words to the left, numbers to the right. `beside`: what ours is held against. */
export function table(lines: readonly Line[], beside = 'limit'): string {
  const heads = headsBeside(beside)
  const rows = [heads, ...lines.map(cells)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (text: string, column: number): string =>
    column === 0 || column === 7 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

/** Answers that were neither 200 nor 201 spoil a measurement; they are told. */
export const oddCodes = (figures: readonly Figures[]): string =>
  figures
    .flatMap(({ codes }) => Object.entries(codes).filter(([code]) => code !== '200' && code !== '201'))
    .map(([code, count]) => `${count} × ${code}`)
    .join(', ')

/** Of an even number of values what is midway between the two in the middle; of none, not a number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [below, above] = [sorted[(sorted.length - 1) >> 1] ?? Number.NaN, sorted[sorted.length >> 1] ?? Number.NaN]
  return (below + above) / 2
}
