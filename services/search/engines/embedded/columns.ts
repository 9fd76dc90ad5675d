/** A number for each document, at its index. */
export type Column<T extends Float64Array | Uint32Array | Uint8Array> = {
  /** The array, long enough for `documents`. Valid until the next growth. */
  values: T
}

/** A column grows by half: 200,000 documents cost at most half as much again. */
export function grown<T extends Float64Array | Uint32Array | Uint8Array>(values: T, atLeast: number): T {
  if (atLeast <= values.length) return values
  const length = Math.max(atLeast, Math.ceil(values.length * 1.5), 1_024)
  const longer = new (values.constructor as new (length: number) => T)(length)
  longer.set(values as never)
  return longer
}
