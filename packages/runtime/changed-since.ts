import { isDeepStrictEqual } from 'node:util'
import type { Query } from './service.ts'

/** One field that others changed: `from` is what it was, `to` what it is. Undefined became null. */
export type Change = { readonly field: string; readonly from: unknown; readonly to: unknown }

/** Audit records looked at: a reader that is further behind learns of the newest. */
const MAX_RECORDS = 100
/** Of a text or a list in a change. */
const MAX_VALUE_LENGTH = 500

/**
 * What was changed of a subject after the version that somebody has read, field by field, from its audit records: what a
 * 412 says. Long values are cut.
 */
export async function changedSince(
  query: Query,
  { schema, subject, version }: { schema: string; subject: string; version: number },
): Promise<Change[]> {
  const records = await query<{ before: Fields | null; after: Fields | null }>(
    `select before, after from "${schema}".audit where subject = $1 and version > $2
     order by version desc limit ${MAX_RECORDS}`,
    [subject, version],
  )
  const first = new Map<string, unknown>()
  const last = new Map<string, unknown>()
  for (const { before, after } of records.reverse()) {
    for (const field of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])) {
      if (!first.has(field)) first.set(field, before?.[field] ?? null)
      last.set(field, after?.[field] ?? null)
    }
  }
  return [...last]
    .filter(([field, to]) => !isDeepStrictEqual(first.get(field), to))
    .map(([field, to]) => ({ field, from: short(first.get(field)), to: short(to) }))
}

type Fields = Readonly<Record<string, unknown>>

function short(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text !== undefined && text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : value
}
