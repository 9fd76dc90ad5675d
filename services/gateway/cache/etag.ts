import { createHash } from 'node:crypto'

/** A strong entity tag (RFC 9110, 8.8.3): other bytes have another. */
export const etagOf = (bytes: Uint8Array): string =>
  `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`

/** Whether `If-None-Match` names this tag, by the weak comparison that the header asks for (RFC 9110, 13.1.2). */
export function namesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true
  return ifNoneMatch.split(',').some((named) => named.trim().replace(/^W\//, '') === etag)
}
