/**
 * The program without its types, kept in `node_modules/.cache/slotwise` by what each file says. What strips them is
 * WebAssembly that takes 18 MB for as long as the process lives; so a process of its own strips whatever is new, at the
 * first start after an install or a change. Where nothing can be kept, Node strips as it always does.
 * https://nodejs.org/api/module.html#moduleregisterhooksoptions
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const program = new URL('../src/', import.meta.url)
const kept = new URL('../node_modules/.cache/slotwise/', import.meta.url)

/** Nothing is ever written over, so any number of processes may do it at once. */
const placeOf = (text) => new URL(`${createHash('sha256').update(process.version).update(text).digest('hex')}.mjs`, kept)

function stripAll() {
  mkdirSync(kept, { recursive: true })
  for (const name of readdirSync(program, { recursive: true })) {
    if (!name.endsWith('.ts')) continue
    const text = readFileSync(new URL(name, program), 'utf8')
    const place = placeOf(text)
    // An empty one is what a machine that lost its power has left.
    if (statSync(place, { throwIfNoEntry: false })?.size) continue
    const draft = new URL(`${place.href}.${process.pid}`)
    writeFileSync(draft, module.stripTypeScriptTypes(text), { flush: true })
    renameSync(draft, place)
  }
}

function read(place) {
  try {
    return readFileSync(place, 'utf8')
  } catch {
    return undefined
  }
}

/** From now on the program's files are loaded as they are kept. */
export function loadStripped() {
  const asked = { once: false }
  const stripNow = (place) => {
    if (asked.once) return undefined
    asked.once = true
    spawnSync(process.execPath, [fileURLToPath(import.meta.url)], { stdio: 'ignore' })
    return read(place)
  }
  module.registerHooks({
    load(url, context, next) {
      if (!url.endsWith('.ts') || !url.startsWith(program.href)) return next(url, context)
      const place = placeOf(readFileSync(new URL(url), 'utf8'))
      const source = read(place) || stripNow(place)
      return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true }
    },
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) stripAll()
