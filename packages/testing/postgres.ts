import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import { testSettings } from './test-server.ts'

/** The PostgreSQL of one run of `npm test`: whoever starts it stops it. */
export const startTestPostgres = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({
    dataDirectory: fileURLToPath(new URL('../../.data/test-postgres/run', import.meta.url)),
    settings: testSettings,
  })
