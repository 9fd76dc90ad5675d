import { createHash } from 'node:crypto'

/** What two spellings of one mail address have in common. */
export const emailKey = (email: string): string => email.normalize('NFC').toLowerCase()

/** Names an address in counters, where also what strangers typed is kept, without keeping it. */
export const emailDigest = (email: string): string =>
  createHash('sha256').update(emailKey(email)).digest('base64url')
