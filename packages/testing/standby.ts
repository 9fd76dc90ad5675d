import { execFile } from 'node:child_process'
import { appendFile, chmod, cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import pg from 'pg'
import { testSettings } from './test-server.ts'

export type ReplicatedPostgres = AsyncDisposable & {
  readonly primary: EmbeddedPostgres
  /** Follows the primary by streaming. */
  readonly standby: () => EmbeddedPostgres
  readonly stopStandby: () => Promise<void>
  /** On its port of before. */
  readonly startStandby: () => Promise<void>
}

/** Two servers of the test's own: one that writes, and one that repeats it by streaming replication. */
export async function startReplicatedPostgres(): Promise<ReplicatedPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-replicated-'))
  // The servers' user must get there.
  await chmod(directory, 0o755)
  const of = (name: string) => ({ dataDirectory: join(directory, name), settings: testSettings })
  const primary = await startEmbeddedPostgres(of('primary'))
  let standby: EmbeddedPostgres | undefined
  const stopStandby = async () => {
    await standby?.stop()
    standby = undefined
  }
  const startStandby = async () => {
    standby ??= await startEmbeddedPostgres(of('standby'))
  }
  const stop = async () => {
    await stopStandby()
    await primary.stop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await copyCluster(primary.url, of('primary').dataDirectory, of('standby').dataDirectory)
    await startStandby()
  } catch (error) {
    await stop()
    throw error
  }
  return { primary, standby: () => standby!, stopStandby, startStandby, [Symbol.asyncDispose]: stop }
}

/** A base backup by the server's own functions, as its manual describes it ("Making a Base Backup Using the Low Level API"). */
async function copyCluster(url: string, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`select pg_backup_start('standby', true)`)
    await mkdir(to, { mode: 0o711 })
    await copyWhatStays(join(from, 'cluster'), join(to, 'cluster'))
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)')
    await cp(join(from, 'password'), join(to, 'password'))
    const cluster = join(to, 'cluster')
    const { uid, gid } = await stat(cluster)
    await writeFile(join(cluster, 'backup_label'), rows[0].labelfile)
    await writeFile(join(cluster, 'standby.signal'), '')
    const address = new URL(url)
    await appendFile(
      join(cluster, 'postgresql.auto.conf'),
      `primary_conninfo = 'host=127.0.0.1 port=${address.port} user=${address.username} password=${address.password}'\n`,
    )
    await rm(join(cluster, 'postmaster.pid'), { force: true })
    if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', `${uid}:${gid}`, cluster])
  } finally {
    await client.end()
  }
}

/** The server removes files while it is copied; its manual says to pass over those. */
async function copyWhatStays(from: string, to: string): Promise<void> {
  try {
    await promisify(execFile)('cp', ['-a', from, to], { env: { ...process.env, LC_ALL: 'C' } })
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: string }
    const said = stderr?.trim().split('\n') ?? []
    if (code !== 1 || !said.every((line) => line.endsWith(': No such file or directory'))) throw error
  }
}
