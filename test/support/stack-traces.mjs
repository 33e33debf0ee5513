/**
 * Jest raises it to 100, and every refusal is an Error: a fuzzed request cost a fifth more. Node's own is 10.
 */
Error.stackTraceLimit = 20
