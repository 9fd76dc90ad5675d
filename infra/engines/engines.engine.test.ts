import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { testServer } from '@stoa/testing/test-server'
import pg from 'pg'
import { EngineError, freePort, openEngines } from './index.ts'
import { classPath, goProgram, java, systemProgram } from './programs.ts'

const redis = engineAddress('redis')
const s3 = engineAddress('s3')

/** The command as a shell runs it, with nothing on its path but what is given. */
async function command(path: string, ...words: string[]) {
  const main = join(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, [main, ...words], { env: { PATH: path } })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text
    })
  const [code] = await once(child, 'close')
  return { code: code as number, ...said }
}

/** A directory of the suite's own; what was started in it ends with the suite. */
function ownDirectory(use: (directory: string) => void) {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-engines-'))
    use(directory)
  })
  after(async () => {
    await openEngines({ directory }).down()
    await rm(directory, { recursive: true, force: true })
  })
}

describe('the command', { skip: redis.skip }, () => {
  let directory: string
  ownDirectory((own) => {
    directory = own
  })

  test('prints on standard output what a shell can take, and nothing else; tells how things stand; ends them', async () => {
    const run = (...words: string[]) => command(process.env.PATH ?? '', ...words, '--directory', directory)
    const nothing = await run('status')
    assert.deepEqual([nothing.code, nothing.stdout], [1, ''])
    const up = await run('up', 'redis')
    assert.equal(up.code, 0, up.stderr)
    assert.match(up.stdout, /^export REDIS_URL='redis:\/\/127\.0\.0\.1:\d+'\n$/)
    const status = await run('status')
    assert.deepEqual([status.code, status.stdout], [0, up.stdout])
    assert.match(status.stderr, /^redis: ready, process \d+$/m)
    assert.equal((await run('down')).code, 0)
    const down = await run('status')
    assert.deepEqual([down.code, down.stdout], [1, ''])
    assert.match(down.stderr, /^redis: not running$/m)
    const unknown = await run('up', 'rabbit')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /^rabbit is not an engine\.\nnpm run engines/)
  })

  test('says which program is missing, and where it comes from', async () => {
    const { PATH, JAVA_HOME } = process.env
    process.env.PATH = directory
    delete process.env.JAVA_HOME
    const log = () => {}
    try {
      await assert.rejects(
        java(),
        /^EngineError: java is not installed\. Install a Java runtime, 17 or newer/,
      )
      await assert.rejects(classPath('kafka', directory, log), /mvn is not installed\. Install Maven/)
      await assert.rejects(
        goProgram('toxiproxy', directory, log),
        /go is not installed\. Install Go, 1\.19 or newer .* leave --toxiproxy out/,
      )
      await assert.rejects(
        goProgram('s3', directory, log),
        /go is not installed\. Install Go, 1\.24 or newer .* leave --s3 out/,
      )
      await assert.rejects(
        systemProgram('redis-server', 'redis-server'),
        /redis-server is not installed\. Debian: apt-get install .* redis-server$/,
      )
    } finally {
      process.env.PATH = PATH
      if (JAVA_HOME !== undefined) process.env.JAVA_HOME = JAVA_HOME
    }
  })

  test('says of a Go that is too old for a program what is wanted', async () => {
    const own = await mkdtemp(join(directory, 'old-go-'))
    await writeFile(join(own, 'go'), '#!/bin/sh\necho go1.19.8\n', { mode: 0o755 })
    const { PATH } = process.env
    process.env.PATH = `${own}:${PATH}`
    try {
      await assert.rejects(
        goProgram('s3', own, () => {}),
        /^EngineError: go is go1\.19\.8, too old for s3\. Install Go, 1\.24 or newer/,
      )
    } finally {
      process.env.PATH = PATH
    }
  })

  test('brings an S3 server up where it is asked for, and prints what the shop reads', {
    skip: s3.skip,
  }, async () => {
    const run = (...words: string[]) => command(process.env.PATH ?? '', ...words, '--directory', directory)
    const up = await run('up', 'redis', '--s3')
    assert.equal(up.code, 0, up.stderr)
    const exported = Object.fromEntries(
      [...up.stdout.matchAll(/^export (\w+)='([^']+)'$/gm)].map(([, name, value]) => [name, value]),
    )
    assert.deepEqual(Object.keys(exported), [
      'REDIS_URL',
      'S3_URL',
      'S3_REGION',
      'AWS_ACCESS_KEY_ID',
      'AWS_SECRET_ACCESS_KEY',
    ])
    const stranger = await fetch(`${exported.S3_URL}/a`)
    assert.equal(stranger.status, 403)
    assert.match(await stranger.text(), /<Code>AccessDenied</)
    const status = await run('status')
    assert.deepEqual([status.code, status.stdout], [0, up.stdout])
    assert.equal((await run('down')).code, 0)
  })
})

describe('engines of a directory', { skip: redis.skip }, () => {
  let directory: string
  ownDirectory((own) => {
    directory = own
  })

  test('start once, however many ask at once, and answer', async () => {
    const [first, second] = await Promise.all([
      openEngines({ directory }).up(['redis']),
      openEngines({ directory }).up(['redis']),
    ])
    assert.deepEqual(first, second)
    const [status] = await openEngines({ directory }).status()
    assert.equal(status?.ready, true)
    assert.deepEqual(status?.environment, first)
  })

  test('have their address again after they were ended', async () => {
    const engines = openEngines({ directory })
    const before = await engines.up(['redis'])
    const [old] = await engines.status()
    await engines.down()
    const [ended] = await engines.status()
    assert.equal(ended?.running, false)
    assert.deepEqual(await engines.up(['redis']), before)
    const [now] = await engines.status()
    assert.notEqual(now?.pid, old?.pid)
  })

  test('are gone after kill -9, and start again', async () => {
    const engines = openEngines({ directory })
    await engines.up(['redis'])
    await engines.kill('redis')
    assert.equal((await engines.status())[0]?.running, false)
    await engines.up(['redis'])
    assert.equal((await engines.status())[0]?.ready, true)
  })

  test('stand before a PostgreSQL in transaction mode, and leave the way past it', async () => {
    const databaseUrl = await testServer()
    const own = await mkdtemp(join(tmpdir(), 'stoa-engines-'))
    // As root, PgBouncer runs as another user, who has to get in.
    await chmod(own, 0o755)
    const engines = openEngines({ directory: own, databaseUrl })
    try {
      const { DATABASE_URL, DATABASE_DIRECT_URL } = await engines.up(['pgbouncer'])
      assert.equal(DATABASE_DIRECT_URL, databaseUrl)
      assert.notEqual(DATABASE_URL, databaseUrl)
      const [one, other] = [1, 2].map(() => new pg.Client({ connectionString: DATABASE_URL! }))
      await Promise.all([one!.connect(), other!.connect()])
      const backend = async (client: pg.Client) =>
        (await client.query('select pg_backend_pid() as pid')).rows[0].pid
      assert.equal(await backend(one!), await backend(other!), 'what is idle is lent to the next')
      await Promise.all([one!.end(), other!.end()])
    } finally {
      await engines.down()
      await rm(own, { recursive: true, force: true })
    }
  })

  test('say whose port is taken, and how to choose another', async () => {
    await openEngines({ directory }).down()
    const port = await freePort()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen({ port, host: '127.0.0.1' }, resolve))
    try {
      await assert.rejects(openEngines({ directory, ports: { redis: port } }).up(['redis']), (error) => {
        assert.ok(error instanceof EngineError)
        assert.match(error.message, new RegExp(`redis: port ${port} is taken .* --port redis=<port>`))
        return true
      })
    } finally {
      other.close()
    }
    const free = await freePort()
    const moved = await openEngines({ directory, ports: { redis: free } }).up(['redis'])
    assert.deepEqual(moved, { REDIS_URL: `redis://127.0.0.1:${free}` })
  })
})
