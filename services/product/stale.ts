import { Rejection } from '@stoa/contract'
import { changedSince, type Query } from '@stoa/runtime'

/** The refusal of a change that was made of an older version: what is there now, and what others did since. */
export const stale = async (
  query: Query,
  subject: string,
  { now, read }: { now: number; read: number },
): Promise<Rejection> =>
  new Rejection('STALE', {
    version: now,
    changed: await changedSince(query, { schema: 'product', subject, version: read }),
  })

/** A version as an entity tag (RFC 9110, 8.8.3). */
export const etag = (version: number): string => `"${version}"`

/** What an audit record keeps of a thing: its version stands beside it. */
export const recorded = <T extends { readonly version: number }>({
  version: _,
  ...fields
}: T): Omit<T, 'version'> => fields
