import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'

const dataDirectory = fileURLToPath(new URL('../../.data/test-postgres', import.meta.url))

/**
 * The PostgreSQL that tests make their databases in. Nothing in it outlives a run, so it does not wait for the disk.
 * `npm test` starts it and stops it; a test file that is run alone starts it and leaves it to the next run.
 */
export const startTestPostgres = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDirectory,
    settings: {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '400',
      max_wal_size: '4GB',
    },
  })
