/** Jest's transform: TypeScript to JavaScript by Node's own type stripping. Columns and lines stay where they were. */
import { createHash } from 'node:crypto'
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source) }),
  getCacheKey: (source, path) => createHash('sha256').update(path).update('\0').update(source).digest('hex'),
}
