import { z } from 'zod'
import { type ConfigSpec, setting } from './config.ts'
import { REPLICA_MAX_LAG_MS } from './database.ts'
import { kafkaConfig } from './kafka-settings.ts'

const POSTGRES = 'must be an address like postgres://user:password@host:5432/database'

/** Where a PostgreSQL server is. A socket is `postgres:///database?host=/its/directory`. */
export const PostgresUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: POSTGRES })
  // An address without slashes is one to the URL standard, and leads to this machine.
  .refine((url) => /^\w+:\/\//.test(url), POSTGRES)

/** Where something answers HTTP: one address, or several by comma. */
export const HttpUrls = z
  .string()
  .refine(
    (urls) => urls.split(',').every((url) => /^https?:\/\//i.test(url.trim()) && URL.canParse(url.trim())),
    'must be an address like http://host:port, or several by comma',
  )
  .meta({ description: 'addresses, by comma' })

/** What every process reads, whichever services it hosts. */
export const processConfig = {
  databaseUrl: setting(
    'DATABASE_URL',
    PostgresUrl.optional(),
    'The PostgreSQL server, or a pooler in transaction mode before it. Absent: the embedded one under `.data/`. A service may have its own: `<SERVICE>_DATABASE_URL`.',
  ),
  databaseDirectUrl: setting(
    'DATABASE_DIRECT_URL',
    PostgresUrl.optional(),
    'The server itself when `DATABASE_URL` is a pooler: migrations, listeners and the job runner connect to it. Only a pooler there: add `?pgbouncer=true` to `DATABASE_URL`, and work is looked for once a second. Of a service: `<SERVICE>_DATABASE_DIRECT_URL`, beside a `<SERVICE>_DATABASE_URL`.',
  ),
  databaseReplicaUrl: setting(
    'DATABASE_REPLICA_URL',
    PostgresUrl.optional(),
    'A server that repeats what `DATABASE_URL` writes: reports and long lists, which may be some seconds behind, are read there. Of a service: `<SERVICE>_DATABASE_REPLICA_URL`, beside a `<SERVICE>_DATABASE_URL`.',
  ),
  replicaMaxLagMs: setting(
    'DATABASE_REPLICA_MAX_LAG_MS',
    z.coerce.number().int().min(100).max(3_600_000).default(REPLICA_MAX_LAG_MS),
    'While a replica is further behind than this, or away, the primary is read instead.',
  ),
  logDatabaseUrl: setting(
    'LOG_DATABASE_URL',
    PostgresUrl.optional(),
    'The database of the event log, when that is not in Kafka. Default: `DATABASE_URL`. Services with databases of their own need one or the other. While one that is the log’s alone is away, calls are answered, and what they announce waits, and so do jobs; a process needs it to start.',
  ),
  logDatabaseDirectUrl: setting(
    'LOG_DATABASE_DIRECT_URL',
    PostgresUrl.optional(),
    'As `DATABASE_DIRECT_URL`, for `LOG_DATABASE_URL`.',
  ),
  ...kafkaConfig,
  redisUrl: setting(
    'REDIS_URL',
    z.url({ protocol: /^rediss?$/, error: 'must be redis:// or rediss://' }).optional(),
    'The Redis (6 or newer) that processes share: `redis://` or, with TLS, `rediss://[user:password@]host:port[/database]`. Absent: each process keeps what it can in memory.',
  ),
  redisPrefix: setting(
    'REDIS_PREFIX',
    z.string().max(100).default('stoa:'),
    'Before every key in Redis, so that several shops can share one.',
  ),
  poolSize: setting(
    'POOL_SIZE',
    z.coerce.number().int().min(2).max(200).default(10),
    'Connections of this process to each database, listeners apart. The server needs processes x (POOL_SIZE + 4), and one more for each that reads from a replica.',
  ),
  internalPort: setting(
    'INTERNAL_PORT',
    z.coerce.number().int().min(0).max(65535).optional(),
    'The port on which other processes of the platform call the services hosted here, with `/metrics` for Prometheus. Absent: none is opened.',
  ),
  internalHost: setting(
    'INTERNAL_HOST',
    z.string().default('127.0.0.1'),
    'The address that `INTERNAL_PORT` binds to.',
  ),
  internalSecret: setting(
    'INTERNAL_SECRET',
    z.string().min(16, 'must have at least 16 characters').optional(),
    'Proves to each other that callers are processes of this platform. Required as soon as services live in several processes.',
  ),
  logLevel: setting(
    'LOG_LEVEL',
    z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    'The least severe log line that is written.',
  ),
  otlpEndpoint: setting(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    z.url({ protocol: /^https?$/, error: 'must be http:// or https://' }).optional(),
    'Where traces go (OTLP over HTTP). Absent: nothing leaves.',
  ),
  otelServiceName: setting(
    'OTEL_SERVICE_NAME',
    z.string().default('stoa'),
    'The name that traces give to this process. A shop of several processes tells them apart by it.',
  ),
} as const satisfies ConfigSpec
