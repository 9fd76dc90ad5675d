import { chmod, chown, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canReach, postgresUser } from '@stoa/runtime/embedded-postgres-user'
import { type Engine, EngineError, firstAnswer } from './engine.ts'
import { systemProgram } from './programs.ts'

/** PgBouncer in transaction mode before the PostgreSQL of `databaseUrl`, whichever database of it is asked for. */
export const pgBouncer: Engine = {
  name: 'pgbouncer',
  ports: 1,
  readyWithinMs: 60_000,
  environment({ ports }, { databaseUrl }) {
    if (!databaseUrl) return {}
    const through = new URL(databaseUrl)
    through.hostname = '127.0.0.1'
    through.port = String(ports[0])
    return { DATABASE_URL: through.href, DATABASE_DIRECT_URL: databaseUrl }
  },
  identity({ databaseUrl }) {
    const { host, username } = new URL(databaseUrl ?? 'postgres://none')
    return `${username}@${host}`
  },
  async prepare({ directory, ports }, { databaseUrl }) {
    const program = await systemProgram('pgbouncer', 'pgbouncer')
    if (!databaseUrl)
      throw new EngineError('PgBouncer needs a DATABASE_URL: the PostgreSQL that it is to stand before.')
    const database = new URL(databaseUrl)
    const user = await postgresUser(undefined)
    if (!(await canReach(directory, user)))
      throw new EngineError(
        `PgBouncer does not run as root, and its user cannot reach ${directory}. Start the engines as another user, or elsewhere with --directory.`,
      )
    const users = join(directory, 'users.txt')
    const settings = join(directory, 'pgbouncer.ini')
    const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`
    await writeFile(users, `${quoted(database.username)} ${quoted(database.password)}\n`)
    await writeFile(
      settings,
      [
        '[databases]',
        `* = host=${database.hostname} port=${database.port || 5432}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${ports[0]}`,
        'unix_socket_dir =',
        'auth_type = scram-sha-256',
        `auth_file = ${users}`,
        'pool_mode = transaction',
        'default_pool_size = 20',
        'max_client_conn = 500',
        'ignore_startup_parameters = extra_float_digits',
        '',
      ].join('\n'),
    )
    for (const file of [users, settings]) {
      await chmod(file, 0o600)
      if (user) await chown(file, user.uid, user.gid)
    }
    return { program, arguments: [settings], user }
  },
  /** Asks whether it speaks TLS: `N`. Whether PostgreSQL is there behind it, its users find out. */
  async check({ ports }) {
    const answer = await firstAnswer(ports[0]!, Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]))
    if (answer.toString() !== 'N') throw new Error(`PgBouncer answered ${answer}`)
  },
}
