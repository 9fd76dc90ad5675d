import pg from 'pg'

/** A pool of the bench's own that ends with its scope. That an interrupt took the server away is no news to it. */
export function openPool(url: string, size: number): pg.Pool & AsyncDisposable {
  const pool = new pg.Pool({ connectionString: url, max: size })
  pool.on('error', () => {})
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
}
