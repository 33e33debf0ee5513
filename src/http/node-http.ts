/**
 * Node's own HTTP, without the ES module around it: importing that reads all it exports, WebSocket among them, and so loads
 * the whole of undici, 7 MB that nothing here uses. https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export const { createServer, STATUS_CODES } = process.getBuiltinModule('node:http')
