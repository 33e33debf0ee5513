/**
 * The program without its types, kept in `node_modules/.cache/slotwise` by what each file says. What strips them is
 * WebAssembly that takes 18 MB for as long as the process lives; so a process of its own strips whatever is new, at the
 * first start after an install or a change, and clears away what no file says any more. Where nothing can be kept, Node
 * strips as it always does.
 * https://nodejs.org/api/module.html#moduleregisterhooksoptions
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const program = new URL('../src/', import.meta.url)
const kept = new URL('../node_modules/.cache/slotwise/', import.meta.url)

const own = `${process.version}-`

/** Nothing is ever written over, so any number of processes may do it at once. */
const placeOf = (text) => new URL(`${own}${createHash('sha256').update(text).digest('hex')}.mjs`, kept)

function stripAll() {
  mkdirSync(kept, { recursive: true })
  const places = new Set()
  for (const name of readdirSync(program, { recursive: true })) {
    if (!name.endsWith('.ts')) continue
    const text = readFileSync(new URL(name, program), 'utf8')
    const place = placeOf(text)
    places.add(place.href)
    // An empty one is what a machine that lost its power has left.
    if (statSync(place, { throwIfNoEntry: false })?.size) continue
    const draft = new URL(`${place.href}.${process.pid}`)
    writeFileSync(draft, module.stripTypeScriptTypes(text), { flush: true })
    renameSync(draft, place)
  }
  clearAllBut(places)
}

const hourMs = 3_600_000
const monthMs = 30 * 24 * hourMs

/**
 * What another process is just making, or has made of files that have changed since they were read here, is not old. What
 * another Node has made it may still need: where it goes all the same, it is made again at that Node's next start.
 */
function clearAllBut(places) {
  for (const name of readdirSync(kept)) {
    const place = new URL(name, kept)
    const rests = name.startsWith(own) || !name.endsWith('.mjs') ? hourMs : monthMs
    const made = statSync(place, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
    if (!places.has(place.href) && made < Date.now() - rests) rmSync(place, { force: true })
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
