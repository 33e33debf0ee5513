#!/usr/bin/env node
/**
 * The door of the command line. The program is TypeScript, which Node 22.18 and newer run as it is; an older Node hands
 * over to the one that the install brought, with its signals, its exit code and its end.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import v8 from 'node:v8'
import { loadStripped } from './stripped.mjs'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const runsTypeScript = major > 22 || (major === 22 && minor >= 18)

function installedNode() {
  try {
    const home = dirname(module.createRequire(import.meta.url).resolve('node/package.json'))
    return [join(home, 'bin', 'node'), join(home, 'bin', 'node.exe')].find((file) => existsSync(file))
  } catch {
    return undefined
  }
}

/** As `npm start` says: V8 would let garbage lie for longer than a server this size needs. */
const memory = ['--max-semi-space-size=8', '--max-old-space-size=768']

function handOver(node) {
  // The channel tells the program that we are gone, should we be killed.
  const child = spawn(node, [...memory, ...process.argv.slice(1)], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`slotwise: ${node} cannot be run: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/**
 * By how much old objects may outgrow those that the last full collection left before the next one. V8's own is 50 for a
 * heap of 768 MB: 15 to 20 MB more under load than with 30, and 20 saves as much again, for no less CPU that could be measured.
 */
const growthPercent = 20

/**
 * V8 puts objects of a kind that often outlived a young collection into old space from their start. Under load it learnt that, in
 * one process of three, of what belongs to a request; such an object, dead but not collected yet, keeps all that its request made,
 * and full collections came three times as often (--trace-gc): $find-slots cost that process twice the CPU for as long as it ran.
 */
const noPretenuring = '--no-allocation-site-pretenuring'

if (runsTypeScript) {
  // Read at each collection, so that they need not be on the command line, which not every way to start the program has.
  v8.setFlagsFromString(`--heap-growing-percent=${growthPercent}`)
  v8.setFlagsFromString(noPretenuring)
  loadStripped()
  await import('../src/main.ts')
} else {
  const node = installedNode()
  if (node) handOver(node)
  else {
    console.error(`slotwise: Node 22.18 or newer is needed; this is ${process.version}. Install a newer Node, or run "npm ci" here.`)
    process.exit(1)
  }
}
