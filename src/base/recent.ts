/** A bounded map: what was asked for longest ago goes when another comes in. */
export type Recent<Value> = {
  readonly get: (key: string) => Value | undefined
  readonly put: (key: string, value: Value) => Value
  readonly drop: (key: string) => void
}

export function recent<Value>(most: number): Recent<Value> {
  const known = new Map<string, Value>()
  const touch = (key: string, value: Value): Value => {
    known.delete(key)
    known.set(key, value)
    return value
  }
  return {
    get: (key) => {
      const value = known.get(key)
      return value === undefined ? undefined : touch(key, value)
    },
    put: (key, value) => {
      const [oldest] = known.keys()
      if (known.size >= most && !known.has(key) && oldest !== undefined) known.delete(oldest)
      return touch(key, value)
    },
    drop: (key) => known.delete(key),
  }
}
