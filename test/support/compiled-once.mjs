/**
 * Loaded into each process of a test run: a file is compiled once there and not anew for every test file, since what V8 made of
 * it is given to the next. Modules, and so state, stay each test file's own. A house starts for a fifth less of a core so.
 * https://nodejs.org/api/vm.html#sourcetextmodulecreatecacheddata
 */
import vm from 'node:vm'

const { SourceTextModule, compileFunction } = vm
const compiled = new Map()

const dataFor = (file, code) => {
  const kept = compiled.get(file)
  return kept?.code === code ? kept.data : undefined
}

vm.SourceTextModule = class extends SourceTextModule {
  constructor(code, options) {
    const cachedData = dataFor(options.identifier, code)
    super(code, { ...options, cachedData })
    if (!cachedData) compiled.set(options.identifier, { code, data: this.createCachedData() })
  }
}

vm.compileFunction = (code, parameters, options) => {
  const cachedData = dataFor(options.filename, code)
  const made = compileFunction(code, parameters, { ...options, cachedData, produceCachedData: !cachedData })
  if (!cachedData) compiled.set(options.filename, { code, data: made.cachedData })
  return made
}
