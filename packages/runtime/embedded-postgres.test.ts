import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { chmod, chown, lstat, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { allWithinOnce } from '@stoa/testing'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { isAlive } from './embedded-postgres-process.ts'
import { canReach, type UnixUser } from './embedded-postgres-user.ts'

/** What a kill -9 does to the cluster is the same with and without waiting for the disk; only a power cut is not. */
const settings = { fsync: 'off' }

test('an embedded PostgreSQL', async (t) => {
  const root = await temporaryDirectory(t)
  const dataDirectory = join(root, 'postgres')
  const start = (log?: (line: string) => void) =>
    startEmbeddedPostgres({ dataDirectory, settings, ...(log && { log }) })

  await t.test('starts from nothing, on loopback, with statistics of statements', async () => {
    const server = await start()
    try {
      assert.equal(server.owner, true)
      assert.deepEqual(
        await ask(
          server.url,
          `select current_setting('listen_addresses') as a, current_setting('pg_stat_statements.track') as t`,
        ),
        [{ a: '127.0.0.1', t: 'all' }],
      )
    } finally {
      await server.stop()
    }
    assert.equal(isAlive(server.pid), false)
  })

  await t.test('keeps data, port and password over a restart, and is up within 1.5 s', async () => {
    const first = await start()
    await ask(first.url, 'create table kept (n int); insert into kept values (1)')
    await first.stop()
    await allWithinOnce([1_500], async () => {
      const began = performance.now()
      const second = await start()
      const tookMs = performance.now() - began
      try {
        assert.equal(second.url, first.url)
        assert.deepEqual(await ask(second.url, 'select n from kept'), [{ n: 1 }])
      } finally {
        await second.stop()
      }
      return [tookMs]
    })
  })

  await t.test('refuses a wrong password', async () => {
    const server = await start()
    try {
      const url = new URL(server.url)
      url.password = 'guess'
      await assert.rejects(ask(url.href, 'select 1'), /password authentication failed/)
    } finally {
      await server.stop()
    }
  })

  await t.test('takes another port when its own is taken meanwhile', async () => {
    const first = await start()
    await first.stop()
    const squatter = createServer().listen(first.port, '127.0.0.1')
    await once(squatter, 'listening')
    const second = await start()
    try {
      assert.notEqual(second.port, first.port)
      await ask(second.url, 'select 1')
    } finally {
      await second.stop()
      squatter.close()
    }
  })

  await t.test('is started again by its owner, under the same address, after kill -9', async () => {
    const server = await start()
    try {
      await ask(server.url, 'create table committed (n int); insert into committed values (1)')
      process.kill(server.pid, 'SIGKILL')
      assert.deepEqual(await askUntilAnswered(server.url, 'select n from committed'), [{ n: 1 }])
    } finally {
      await server.stop()
    }
    await assert.rejects(ask(server.url, 'select 1'), /ECONNREFUSED/)
  })

  await t.test('outlives an owner that was killed with kill -9, and is adopted by the next', async () => {
    const owner = await startElsewhere(dataDirectory)
    assert.equal(owner.server.owner, true)
    await owner.kill()
    assert.equal(isAlive(owner.server.pid), true)
    const next = await start()
    try {
      assert.equal(next.pid, owner.server.pid)
      assert.equal(next.owner, true)
    } finally {
      await next.stop()
    }
    assert.equal(isAlive(owner.server.pid), false)
  })

  await t.test('is restarted when it was left behind with other settings', async () => {
    const owner = await startElsewhere(dataDirectory)
    await owner.kill()
    const next = await startEmbeddedPostgres({ dataDirectory, settings: { ...settings, work_mem: '5MB' } })
    try {
      assert.notEqual(next.pid, owner.server.pid)
      assert.deepEqual(await ask(next.url, `select current_setting('work_mem') as m`), [{ m: '5MB' }])
    } finally {
      await next.stop()
    }
  })

  await t.test('starts after both it and its owner were killed with kill -9', async () => {
    const owner = await startElsewhere(dataDirectory)
    await ask(owner.server.url, 'create table survived (n int); insert into survived values (1)')
    await owner.kill()
    process.kill(owner.server.pid, 'SIGKILL')
    const next = await start()
    try {
      assert.deepEqual(await ask(next.url, 'select n from survived'), [{ n: 1 }])
    } finally {
      await next.stop()
    }
  })

  await t.test('starts although its old process number is another program now', async () => {
    await writeFile(
      join(dataDirectory, 'cluster', 'postmaster.pid'),
      `${process.pid}\n${dataDirectory}/cluster\n0\n5432\n\n127.0.0.1\n\nready   \n`,
    )
    const server = await start()
    try {
      await ask(server.url, 'select 1')
    } finally {
      await server.stop()
    }
  })

  await t.test('says which version made the data when it is not its own', async () => {
    await writeFile(join(dataDirectory, 'cluster', 'PG_VERSION'), '17\n')
    await assert.rejects(start(), /made by PostgreSQL 17, and this is 18.*DATABASE_URL/)
    await writeFile(join(dataDirectory, 'cluster', 'PG_VERSION'), '18\n')
  })

  await t.test('says what a wrong setting is, and what to do', async () => {
    await assert.rejects(
      startEmbeddedPostgres({ dataDirectory, settings: { work_mem: 'much' } }),
      /invalid value for parameter "work_mem".*DATABASE_URL/s,
    )
  })

  await t.test('is stopped only by its owner, who may be followed by another', async () => {
    const said: string[] = []
    const owner = await start()
    const guest = await start((line) => said.push(line))
    assert.equal(guest.owner, false)
    assert.equal(guest.url, owner.url)
    await guest.stop()
    await ask(owner.url, 'select 1')
    const stopped = owner.stop()
    const successor = await start()
    await stopped
    assert.equal(successor.owner, true)
    await ask(successor.url, 'select 1')
    await successor.stop()
  })
})

test('of many processes that start at once in an empty directory one becomes the owner', async (t) => {
  const root = await temporaryDirectory(t)
  const starters = await Promise.all([1, 2, 3, 4].map(() => startElsewhere(join(root, 'postgres'))))
  try {
    assert.equal(starters.filter(({ server }) => server.owner).length, 1)
    assert.equal(new Set(starters.map(({ server }) => server.url)).size, 1)
    await Promise.all(starters.map(({ server }) => ask(server.url, 'select 1')))
  } finally {
    await Promise.all(starters.map((starter) => starter.stop()))
  }
})

test('an interrupt of the owner’s process group leaves the server to the owner', async (t) => {
  const root = await temporaryDirectory(t)
  const owner = await startElsewhere(join(root, 'postgres'))
  // The terminal's Ctrl-C: every process of the group gets it. The starter below ignores it.
  process.kill(-owner.pid, 'SIGINT')
  await sleep(200)
  await ask(owner.server.url, 'select 1')
  await owner.stop()
})

test('a directory that cannot be made is named, with what to do', async (t) => {
  const root = await temporaryDirectory(t)
  await writeFile(join(root, 'file'), '')
  await assert.rejects(
    startEmbeddedPostgres({ dataDirectory: join(root, 'file', 'postgres') }),
    new RegExp(`${join(root, 'file', 'postgres')} cannot be created.*DATABASE_URL`, 's'),
  )
})

const isRoot = process.getuid?.() === 0
const nobody = { uid: 65534, gid: 65534 }

test('root gets a server as well, from a directory that the server’s user cannot reach', async (t) => {
  if (!isRoot) return t.skip('needs root')
  const root = await temporaryDirectory(t)
  await chmod(root, 0o700)
  const dataDirectory = join(root, 'postgres')
  for (const round of ['first', 'second']) {
    const server = await startEmbeddedPostgres({ dataDirectory, settings })
    const data = await realpath(join(dataDirectory, 'cluster'))
    t.after(() => rm(join(data, '..'), { recursive: true, force: true }))
    assert.ok(data.startsWith('/var/lib/stoa/'), data)
    await ask(server.url, `create table ${round} (n int)`)
    await server.stop()
  }
  // Deleting the tree is how one starts anew; what is outside must not come back.
  await rm(dataDirectory, { recursive: true })
  const anew = await startEmbeddedPostgres({ dataDirectory, settings })
  try {
    await ask(anew.url, 'create table first (n int)')
  } finally {
    await anew.stop()
  }
})

test('an ordinary user runs the server as themselves', async (t) => {
  if (!isRoot) return t.skip('the other tests show it')
  if (!(await canReach(import.meta.dirname, nobody))) return t.skip('needs a checkout that others can read')
  const root = await temporaryDirectory(t)
  await chown(root, nobody.uid, nobody.gid)
  const starter = await startElsewhere(join(root, 'postgres'), nobody)
  try {
    await ask(starter.server.url, 'select 1')
    assert.equal((await lstat(join(root, 'postgres', 'cluster'))).uid, nobody.uid)
  } finally {
    await starter.stop()
  }
})

async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-postgres-'))
  // As root we lend the server another user, who has to get in.
  await chmod(directory, 0o755)
  directories.add(directory)
  t.after(async () => {
    await rm(directory, { recursive: true, force: true })
    directories.delete(directory)
  })
  return directory
}

/** Starts it in a process of its own, in a process group of its own. `stop` is the orderly way, `kill` is kill -9. */
async function startElsewhere(dataDirectory: string, user?: UnixUser) {
  const module = new URL('./embedded-postgres.ts', import.meta.url).href
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(module)}
    process.on('SIGINT', () => {})
    const server = await startEmbeddedPostgres(${JSON.stringify({ dataDirectory, settings })})
    console.log(JSON.stringify(server))
    process.stdin.on('end', () => server.stop()).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    ...user,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.add(child)
  const [line] = await once(createInterface(child.stdout), 'line')
  const exited = once(child, 'exit').then(() => children.delete(child))
  return {
    pid: child.pid!,
    server: JSON.parse(line) as EmbeddedPostgres,
    stop: () => {
      child.stdin.end()
      return exited
    },
    kill: () => {
      child.kill('SIGKILL')
      return exited
    },
  }
}

const children = new Set<ChildProcess>()
const directories = new Set<string>()

/** Ctrl-C in the middle of a test leaves no server behind, and no files. */
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  for (const directory of directories) {
    try {
      const [pid] = readFileSync(join(directory, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGQUIT')
    } catch {
      // It does not run.
    }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

async function ask(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function askUntilAnswered(url: string, sql: string) {
  for (const deadline = Date.now() + 20_000; ; await sleep(20)) {
    try {
      return await ask(url, sql)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  }
}
