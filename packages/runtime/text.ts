import type { FieldError } from '@stoa/contract'

/** Deeper than any contract nests; bounds the walk. */
const MAX_DEPTH = 16

/**
 * What no text of ours may hold, whatever its schema says: NUL and lone surrogates (`jsonb` and UTF-8 cannot carry them), and nesting
 * deeper than any contract. Undefined when the value is fine.
 */
export function findBadText(value: unknown, field = '', depth = 0): FieldError | undefined {
  if (typeof value === 'string') {
    if (value.includes('\0')) return { field, message: 'must not contain NUL' }
    if (!value.isWellFormed()) return { field, message: 'must be well-formed Unicode' }
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === MAX_DEPTH) return { field, message: 'is nested too deeply' }
  for (const [key, part] of Object.entries(value)) {
    const path = field === '' ? key : `${field}.${key}`
    const bad =
      (key.includes('\0') || !key.isWellFormed()
        ? { field: field || 'body', message: 'has a field name that is not valid text' }
        : undefined) ?? findBadText(part, path, depth + 1)
    if (bad) return bad
  }
  return undefined
}
