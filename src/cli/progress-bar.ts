/**
 * A bar on the terminal for what takes long; nothing where nobody looks. https://github.com/npkgz/cli-progress
 */
export type Bar = { readonly at: (done: number, what: string) => void; readonly end: () => void }

const nobodyLooks: Bar = { at: () => {}, end: () => {} }

/** `unit` is written behind the numbers: `resources`, `MB`. */
export async function progressBar(total: number, unit: string): Promise<Bar> {
  if (!process.stderr.isTTY) return nobodyLooks
  const { SingleBar, Presets } = await import('cli-progress')
  const format = `{bar} {percentage} % · {value} of {total} ${unit} · {eta_formatted} left · {what}`
  const bar = new SingleBar({ stream: process.stderr, clearOnComplete: true, hideCursor: true, format }, Presets.shades_classic)
  bar.start(Math.max(total, 1), 0, { what: '' })
  return { at: (done, what) => bar.update(Math.min(done, Math.max(total, 1)), { what }), end: () => bar.stop() }
}
