import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  mkdir,
  open,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { findBinaries, type PostgresBinaries } from './embedded-postgres-binaries.ts'
import { type DirectoryLock, takeDirectoryLock } from './embedded-postgres-lock.ts'
import { commandOf, isAlive } from './embedded-postgres-process.ts'
import { postgresUser, reachableHome, type UnixUser } from './embedded-postgres-user.ts'

export type EmbeddedPostgresOptions = {
  /** Holds the cluster, its password, its port and its log. Created when absent. */
  dataDirectory: string
  /** Server settings (`{ fsync: 'off' }`) over the defaults below. A running server with others is restarted. */
  settings?: Record<string, string>
  /** Hears, in one line each, what takes time or went wrong. */
  log?: (line: string) => void
}

export type EmbeddedPostgres = {
  /** Superuser, database `postgres`, loopback only. Stable while its port is free. */
  url: string
  port: number
  /** Of the postmaster when it was started or adopted; a restart after a crash has another. */
  pid: number
  /**
   * True when this call keeps the server: it restarts the server when it dies and ends it with `stop`.
   * False when another process does: the server goes away with that process.
   */
  owner: boolean
  /** Ends the server after its open transactions are rolled back. Does nothing for who is not the owner. */
  stop(): Promise<void>
}

/** The server cannot run here. The message says what to do about it. */
export class EmbeddedPostgresError extends Error {
  override name = 'EmbeddedPostgresError'
}

/**
 * A PostgreSQL for one tree of files, without anything installed on the machine.
 *
 * Any number of processes may call this at once for one directory: one becomes the owner, the others get the
 * owner's server. The server runs in a session of its own, so that Ctrl-C reaches only us and we can drain
 * before we stop it; when we are killed instead, it lives on and the next start adopts it.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.dataDirectory)
  const log = options.log ?? (() => {})
  await mkdir(directory, { recursive: true, mode: 0o711 }).catch((cause: unknown) => {
    throw explain(`${directory} cannot be created`, cause)
  })
  const deadline = Date.now() + waitForOwnerMs
  for (let told = false; ; ) {
    const lock = await takeDirectoryLock(directory).catch((cause: unknown) => {
      throw explain(`${directory} cannot be locked`, cause)
    })
    if ('release' in lock) {
      try {
        return await own({ directory, lock, log, settings: { ...defaultSettings, ...options.settings } })
      } catch (error) {
        await lock.release()
        throw error
      }
    }
    const shared = lock.stopping ? undefined : await findServer(directory)
    if (shared) return { ...shared, owner: false, stop: async () => {} }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `Process ${lock.heldBy} owns ${directory}, and its PostgreSQL did not answer within ${waitForOwnerMs / 1000} s. End that process and start again.`,
      )
    }
    if (!told)
      log(
        `waiting for PostgreSQL, which process ${lock.heldBy} is ${lock.stopping ? 'stopping' : 'starting'}`,
      )
    told = true
    await sleep(50)
  }
}

const defaultSettings: Record<string, string> = {
  // A laptop runs all services and their listeners from one server; each idle connection costs about 2 MB.
  max_connections: '200',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
  // Parallel workers talk through /dev/shm, of which containers have 64 MB; no query of ours needs them.
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements that fail are their caller's to report: without them the log file stays small.
  log_min_messages: 'log',
  log_checkpoints: 'off',
}

/** Recovery after a crash replays at most 1 GB of log (max_wal_size), which takes some seconds. */
const readyWithinMs = 60_000
const waitForOwnerMs = 90_000
/** After a kill -9 the children need a moment to notice; until then the server refuses to start. */
const leftoverWithinMs = 10_000
const fastShutdownMs = 20_000
/** A server that dies this often in a minute will not be better the next time. */
const restartsPerMinute = 5

type Ownership = {
  directory: string
  lock: DirectoryLock
  log: (line: string) => void
  settings: Record<string, string>
}

type Cluster = Ownership & {
  binaries: PostgresBinaries
  user: UnixUser | undefined
  /** PGDATA, as the user of the server reaches it. */
  data: string
  password: string
}

type Server = { url: string; port: number; pid: number }

async function own(ownership: Ownership): Promise<EmbeddedPostgres> {
  const cluster = await openCluster(ownership)
  const server = (await adopt(cluster)) ?? (await launch(cluster))
  const supervision = supervise(cluster, server)
  return {
    ...server,
    owner: true,
    async stop() {
      await cluster.lock.markStopping()
      const pid = await supervision.end()
      if (pid) await shutdown(cluster, pid)
      await cluster.lock.release()
    },
  }
}

async function openCluster(ownership: Ownership): Promise<Cluster> {
  const { directory, log } = ownership
  const link = join(directory, 'cluster')
  const existing = await stat(link).catch(() => undefined)
  const user = await postgresUser(existing)
  const binaries = await findBinaries({ user, log }).catch((cause: unknown) => {
    throw explain('PostgreSQL has no program to run', cause)
  })
  if (existing) {
    const data = await realpath(link)
    await checkVersion(data, binaries)
    const password = await readFile(join(directory, 'password'), 'utf8').catch((cause: unknown) => {
      throw explain(`${join(directory, 'password')} cannot be read; without it nobody can log in`, cause)
    })
    return { ...ownership, binaries, user, data, password }
  }
  const home = await reachableHome({ directory, user, log })
  const data = join(home, 'cluster')
  const password = await initialise({ ...ownership, binaries, user, data })
  if (home !== directory) await replaceLink(data, link)
  return { ...ownership, binaries, user, data, password }
}

async function checkVersion(data: string, binaries: PostgresBinaries) {
  const made = (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => 'unknown')).trim()
  if (made === binaries.major) return
  throw new EmbeddedPostgresError(
    `${data} was made by PostgreSQL ${made}, and this is ${binaries.major}. Move it away to start empty (dump it with the old version first to keep it), or ${orOwnServer}`,
  )
}

/** A crash at any point leaves either no `cluster` or a whole one: it is made beside its place and renamed. */
async function initialise(cluster: Omit<Cluster, 'password'>): Promise<string> {
  const { directory, binaries, user, data, settings, log } = cluster
  log('making a new PostgreSQL database')
  const staging = `${data}.new`
  const passwordFile = `${data}.password`
  const password = randomBytes(24).toString('base64url')
  try {
    await rm(staging, { recursive: true, force: true })
    // A cluster in a home outside the tree whose link is gone belonged to a tree that was deleted.
    await rm(data, { recursive: true, force: true })
    await writePrivate(join(directory, 'password'), password)
    await mkdir(staging, { mode: 0o700 })
    await rm(passwordFile, { force: true })
    await writePrivate(passwordFile, password)
    if (user) {
      await chown(staging, user.uid, user.gid)
      await chown(passwordFile, user.uid, user.gid)
    }
    const durable = settings.fsync !== 'off'
    await run(
      binaries.initdb,
      [
        ...['-D', staging, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
        // Built in, so that order and case are the same on every machine, and the C library never changes an index.
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      { ...user, cwd: '/', env: serverEnvironment, timeout: readyWithinMs },
    )
    await rename(staging, data)
  } catch (cause) {
    await rm(staging, { recursive: true, force: true }).catch(() => {})
    throw explain(`${data} cannot be made`, cause)
  } finally {
    await rm(passwordFile, { force: true }).catch(() => {})
  }
  return password
}

/** The server of a predecessor that was killed, when it is ours, answers, and runs with the same settings. */
async function adopt(cluster: Cluster): Promise<Server | undefined> {
  const { data, settings, log } = cluster
  const left = await readPidFile(data)
  if (!left) return
  if (!(await isPostgres(left.pid, data))) {
    // The number is another program's by now. PostgreSQL would believe it and refuse to start.
    await unlink(join(data, 'postmaster.pid')).catch(() => {})
    return
  }
  const deadline = Date.now() + leftoverWithinMs
  while (isAlive(left.pid) && Date.now() < deadline) {
    const server = await findServer(cluster.directory)
    if (server) {
      if ((await runningSettings(server)) === fingerprint(settings)) {
        log('found PostgreSQL still running, and took it over')
        return server
      }
      break
    }
    await sleep(50)
  }
  log('found PostgreSQL still running, and restarts it')
  await shutdown(cluster, left.pid)
}

async function launch(cluster: Cluster, fixedPort?: number): Promise<Server> {
  const deadline = Date.now() + leftoverWithinMs
  for (;;) {
    const port = fixedPort ?? (await choosePort(cluster.directory))
    const started = await spawnServer(cluster, port)
    if (typeof started !== 'string') return started
    const portTaken = /could not bind|could not create any TCP/i.test(started)
    const leftover = /shared memory block .* still in use|postmaster.pid" already exists/i.test(started)
    if (!(portTaken || leftover) || Date.now() > deadline) {
      throw explain('PostgreSQL stopped while it was starting', { stderr: started })
    }
    if (portTaken && !fixedPort) await rm(join(cluster.directory, 'port'), { force: true })
    await sleep(100)
  }
}

/** The running server, or what it said before it ended. */
async function spawnServer(cluster: Cluster, port: number): Promise<Server | string> {
  const { directory, data, binaries, user, settings } = cluster
  const log = await openLog(directory)
  try {
    const parameters: Record<string, string> = {
      ...settings,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port: String(port),
      'stoa.settings': fingerprint(settings),
    }
    const child = spawn(
      binaries.postgres,
      ['-D', data, ...Object.entries(parameters).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...user,
        cwd: '/',
        env: serverEnvironment,
        detached: true,
        stdio: ['ignore', log.file.fd, log.file.fd],
      },
    )
    let failure: Error | undefined
    child.once('error', (error) => {
      failure = error
    })
    child.unref()
    await writePrivate(join(directory, 'port'), String(port))
    const deadline = Date.now() + readyWithinMs
    while (!failure && child.exitCode === null && child.signalCode === null) {
      const file = await readPidFile(data)
      if (child.pid && file?.pid === child.pid && file.ready) {
        return { pid: child.pid, port, url: urlOf(port, cluster.password) }
      }
      if (Date.now() > deadline) {
        child.kill('SIGQUIT')
        throw new EmbeddedPostgresError(
          `PostgreSQL was not ready within ${readyWithinMs / 1000} s. Its log is ${join(directory, 'postgres.log')}.`,
        )
      }
      await sleep(10)
    }
    if (failure) throw explain(`${binaries.postgres} cannot be run`, failure)
    const said = await readFile(join(directory, 'postgres.log'))
    return said.subarray(log.size).toString('utf8') || 'it said nothing'
  } finally {
    await log.file.close()
  }
}

/**
 * Brings a server back that dies while we live, on the same port, so that pools recover by themselves.
 * An adopted server is nobody's child here, so it is looked at instead of waited for.
 */
function supervise(cluster: Cluster, first: Server) {
  const { log, directory } = cluster
  let server: Server | undefined = first
  let ended = false
  let restarting: Promise<void> | undefined
  const restarts: number[] = []
  const timer = setInterval(() => {
    if (ended || restarting || (server && isAlive(server.pid))) return
    restarting = restart().finally(() => {
      restarting = undefined
    })
  }, 200)
  timer.unref()

  async function restart() {
    while (restarts[0] !== undefined && restarts[0] < Date.now() - 60_000) restarts.shift()
    if (restarts.length >= restartsPerMinute) {
      log(
        `PostgreSQL ended ${restartsPerMinute} times in a minute and stays down; see ${join(directory, 'postgres.log')}`,
      )
      clearInterval(timer)
      server = undefined
      return
    }
    restarts.push(Date.now())
    log('PostgreSQL ended unexpectedly and is started again')
    try {
      server = await launch(cluster, first.port)
    } catch (error) {
      server = undefined
      log(error instanceof Error ? error.message : String(error))
    }
  }

  return {
    /** No restart begins after this resolves. Answers the process to stop, if there is one. */
    async end() {
      ended = true
      clearInterval(timer)
      await restarting
      return server?.pid
    },
  }
}

/**
 * A fast shutdown: open transactions are rolled back, and what was committed is checkpointed. A server that
 * hangs is ended without that; its next start recovers from the log.
 */
async function shutdown(cluster: Cluster, pid: number) {
  for (const [signal, withinMs] of [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isAlive(pid)) return
    try {
      if (process.platform === 'win32') {
        // Windows has no signals; pg_ctl speaks to the server through a named pipe.
        const mode = signal === 'SIGINT' ? 'fast' : 'immediate'
        await run(cluster.binaries.pgCtl, ['stop', '-D', cluster.data, '-m', mode, '-W'], {})
      } else {
        process.kill(pid, signal)
      }
    } catch {
      // It ended by itself in this moment; if not, the loop goes on to a stronger word.
    }
    for (const deadline = Date.now() + withinMs; Date.now() < deadline; await sleep(10)) {
      if (!isAlive(pid)) return
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL (process ${pid}) does not end. End it yourself before the next start.`,
  )
}

/** The server of a directory, whoever runs it, when it answers. Starts nothing. */
export async function findEmbeddedPostgres(dataDirectory: string): Promise<{ url: string } | undefined> {
  const server = await findServer(resolve(dataDirectory))
  return server && { url: server.url }
}

async function findServer(directory: string): Promise<Server | undefined> {
  const file = await readPidFile(join(directory, 'cluster'))
  if (!file?.ready || !isAlive(file.pid)) return
  const password = await readFile(join(directory, 'password'), 'utf8').catch(() => undefined)
  if (!password) return
  const server = { pid: file.pid, port: file.port, url: urlOf(file.port, password) }
  const data = await realpath(join(directory, 'cluster'))
  const answers = await ask(server, 'data_directory').catch(() => undefined)
  return answers === data ? server : undefined
}

const runningSettings = (server: Server) => ask(server, 'stoa.settings').catch(() => undefined)

async function ask(server: Server, setting: string): Promise<string | undefined> {
  const client = new pg.Client({
    connectionString: server.url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 2_000,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<{ value: string }>('select current_setting($1, true) as value', [
      setting,
    ])
    return rows[0]?.value
  } finally {
    await client.end().catch(() => {})
  }
}

/** Lines of postmaster.pid: process, PGDATA, start time, port, sockets, address, shared memory, state. */
async function readPidFile(data: string): Promise<{ pid: number; port: number; ready: boolean } | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined)
  const lines = text?.split('\n')
  const pid = Number(lines?.[0])
  if (!lines || !Number.isInteger(pid) || pid <= 0) return
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

async function isPostgres(pid: number, data: string): Promise<boolean> {
  if (!isAlive(pid)) return false
  const command = await commandOf(pid)
  return command === undefined || (command.includes('postgres') && command.includes(data))
}

/**
 * The port of the last time when it is free. A new one is below the range that every system hands out to
 * outgoing connections, so that none of them sits on it at the next start.
 */
async function choosePort(directory: string): Promise<number> {
  const last = Number(await readFile(join(directory, 'port'), 'utf8').catch(() => ''))
  if (last > 0 && (await isFree(last))) return last
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
  throw new EmbeddedPostgresError(
    `No free port between 20000 and 32000 in 100 attempts. ${capital(orOwnServer)}`,
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer()
    server.once('error', () => answer(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => answer(true)))
  })
}

/** Appended to, so that the reason of the last end is kept, and begun anew at 8 MB. */
async function openLog(directory: string) {
  const path = join(directory, 'postgres.log')
  const size = (await stat(path).catch(() => undefined))?.size ?? 0
  if (size > 8 * 1024 * 1024) await rename(path, `${path}.old`)
  const file = await open(path, 'a', 0o600).catch((cause: unknown) => {
    throw explain(`${path} cannot be written`, cause)
  })
  return { file, size: (await file.stat()).size }
}

async function writePrivate(path: string, text: string) {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, text, { mode: 0o600 })
  await chmod(temporary, 0o600)
  await rename(temporary, path)
}

async function replaceLink(target: string, link: string) {
  if ((await readlink(link).catch(() => undefined)) === target) return
  await unlink(link).catch(() => {})
  await symlink(target, link)
}

const urlOf = (port: number, password: string) => `postgres://postgres:${password}@127.0.0.1:${port}/postgres`

const fingerprint = (settings: Record<string, string>) =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(settings).sort()))
    .digest('hex')
    .slice(0, 16)

/** Nothing of ours (PGHOST, NODE_OPTIONS, LANG) reaches the server. */
const serverEnvironment: NodeJS.ProcessEnv =
  process.platform === 'win32' ? process.env : { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const run = promisify(execFile)

const orOwnServer = 'set DATABASE_URL to a PostgreSQL of your own.'
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

function explain(what: string, cause: unknown): EmbeddedPostgresError {
  if (cause instanceof EmbeddedPostgresError) return cause
  const { stderr, message, code } = cause as { stderr?: string; message?: string; code?: string }
  const said = (stderr?.trim() || message || String(cause)).split('\n').slice(-6).join('\n')
  const advice = advices.find(([pattern]) => pattern.test(`${code} ${said}`))?.[1] ?? 'Repair that, or'
  return new EmbeddedPostgresError(`${what}: ${said}\n${advice} ${orOwnServer}`, { cause })
}

const advices: [RegExp, string][] = [
  [/ENOSPC|no space left/i, 'The disk is full: free some space, or'],
  [/EROFS|read-only file system/i, 'The file system is read-only: work in a copy elsewhere, or'],
  [
    /EACCES|EPERM|permission denied/i,
    'The file belongs to another user: start as that user, or delete it, or',
  ],
  [
    /EINVAL.*spawn|spawn.*EINVAL/i,
    'This root may not become another user, which PostgreSQL needs: start as an ordinary user, or',
  ],
  [/shared memory|semaphore/i, "The system's limit on shared memory is too low: raise it, or"],
  [
    /ENOENT.*spawn|spawn.*ENOENT/i,
    'The program needs a C library that is not here (Alpine has another one):',
  ],
]
