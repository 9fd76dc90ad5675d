import { spawn } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort, systemProgram } from '@stoa/engines'
import pg from 'pg'
import { eventually } from './eventually.ts'
import { testServer } from './test-server.ts'

export type PgBouncer = AsyncDisposable & {
  /** The same database, behind the pooler. */
  readonly through: (databaseUrl: string) => string
  /** The process, for tests that stop it. */
  readonly pid: number
}

/** Why a test that needs PgBouncer is skipped, or false. */
export async function withoutPgBouncer(): Promise<string | false> {
  return systemProgram('pgbouncer', 'pgbouncer').then(
    () => false as const,
    (error: Error) => error.message,
  )
}

/**
 * Starts PgBouncer in transaction mode before the test server, as strict as it comes: no LISTEN, no prepared statements, unknown start-up
 * parameters refused, unless it is told to `ignore` them. `connections` are those that it opens to each database.
 */
export async function startPgBouncer({
  connections = 3,
  ignore = [] as readonly string[],
} = {}): Promise<PgBouncer> {
  const program = await systemProgram('pgbouncer', 'pgbouncer')
  const server = new URL(await testServer())
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'stoa-pgbouncer-'))
  await chmod(directory, 0o755)
  const file = join(directory, 'pgbouncer.ini')
  const value = (text: string) => `'${decodeURIComponent(text).replaceAll("'", "''")}'`
  await writeFile(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port || 5432} user=${value(server.username)} password=${value(server.password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${connections}
ignore_startup_parameters = ${ignore.join(', ')}
max_client_conn = 500
log_connections = 0
log_disconnections = 0
`,
  )
  await chmod(file, 0o644)
  // It refuses to run as root, which then lends it a user who owns nothing.
  const nobody = userInfo().uid === 0 ? { uid: 65534, gid: 65534 } : {}
  const child = spawn(program, ['-q', file], { stdio: 'ignore', ...nobody })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const through = (databaseUrl: string) => {
    const url = new URL(databaseUrl)
    url.host = `127.0.0.1:${port}`
    return url.href
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await eventually(async () => {
      const client = new pg.Client({ connectionString: through(server.href) })
      client.on('error', () => {})
      await client.connect()
      await client.end()
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { through, pid: child.pid!, [Symbol.asyncDispose]: stop }
}
