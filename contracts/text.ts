import { z } from 'zod'

/** One line of text. Control characters are refused; NUL and lone surrogates are refused everywhere at dispatch. */
export const Line = (maxLength: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: naming them is the point
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line without control characters')

/** Running text with line breaks. */
export const Prose = (maxLength: number) => z.string().trim().max(maxLength)

/** A URL's last segment: lower-case words joined by hyphens. */
export const Slug = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be lower-case letters and digits joined by hyphens')

/** UUIDv7: sorts by time of creation. */
export const Id = z.uuidv7()

/** RFC 5321 bounds an address to 254 characters. Compared without regard to case. */
export const Email = z.email().max(254)

/** UTC, ISO 8601. Bounded, because the format allows any number of decimals. It also has a year 0, which PostgreSQL does not. */
export const Timestamp = z.iso
  .datetime()
  .max(40)
  .refine((iso) => !iso.startsWith('0000'), 'must be of the year 1 or later')

/** A merchant's stock keeping unit: what is priced, counted and picked. */
export const Sku = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'must be letters, digits, dots, underscores, slashes and hyphens')

/** Identifies one intent of a caller across retries (the IETF draft's Idempotency-Key header). */
export const IdempotencyKey = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII')

/** An opaque secret that a guest was handed: whoever holds it owns the thing. */
export const Token = z.string().min(20).max(2000)
