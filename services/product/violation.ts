/**
 * The name of the unique, foreign key or check constraint that refused a statement, or undefined for any other error.
 * SQLSTATE class 23: https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
export function violatedConstraint(error: unknown): string | undefined {
  const { code, constraint } = (error ?? {}) as { code?: unknown; constraint?: unknown }
  return typeof code === 'string' && code.startsWith('23') && typeof constraint === 'string'
    ? constraint
    : undefined
}
