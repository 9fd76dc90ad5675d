import type { Database } from './database.ts'

/** SQL: the history that a server which writes is in. One that takes over begins another, and may lack the last commits of the one before. */
export const TIMELINE = 'left(pg_walfile_name(pg_current_wal_lsn()), 8)'

/** Not supported, not allowed, not there (PostgreSQL, Appendix A). */
const UNKNOWN = new Set(['0A000', '42501', '42883'])

/** `TIMELINE`, or a constant for a server without one: a service that keeps one copy of the data under all its servers has one history. */
export async function timelineOf(database: Database): Promise<string> {
  try {
    await database.query(`select ${TIMELINE}`)
    return TIMELINE
  } catch (error) {
    if (UNKNOWN.has((error as { code?: string }).code ?? '')) return "''"
    throw error
  }
}
