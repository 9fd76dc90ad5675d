import { randomBytes } from 'node:crypto'
import type { Query } from './service.ts'

/**
 * A secret of 32 random bytes that a service makes at its first start and keeps in its table `secrets (name text primary key, value text)`.
 * Of replicas that start together one makes it, and all get the same. Whoever can read the database has it.
 */
export async function keptSecret(
  query: Query,
  { schema, name }: { schema: string; name: string },
): Promise<string> {
  const [row] = await query<{ value: string }>(
    `insert into "${schema}".secrets as s (name, value) values ($1, $2)
     on conflict (name) do update set value = s.value
     returning value`,
    [name, randomBytes(32).toString('base64url')],
  )
  return row!.value
}
