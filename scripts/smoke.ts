import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '@stoa/engines'
import { isAlive } from '@stoa/runtime/process-identity'

// A few seconds where nothing else runs; a machine that takes a minute is slow, not broken.
const READY_WITHIN_MS = 60_000

/** `npm start` as a user meets it: the first time, and again after SIGTERM to npm; search, a picture and the catalogue as a file. Needs `ps`. */
const dataDirectory = await mkdtemp(join(tmpdir(), 'stoa-start-'))
// As root, PostgreSQL runs as another user, who has to get in.
await chmod(dataDirectory, 0o755)
try {
  for (const time of ['first', 'second']) await startAndStop(time)
} finally {
  await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 })
}

async function startAndStop(time: string) {
  const port = await freePort()
  const began = performance.now()
  const shop = spawn('npm', ['start'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: String(port), DATA_DIRECTORY: dataDirectory },
  })
  const ended = once(shop, 'exit')
  try {
    await Promise.race([
      said(shop, `:${port}/`),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error(`not ready after ${READY_WITHIN_MS} ms`)), READY_WITHIN_MS).unref(),
      ),
    ])
    console.log(`the ${time} time ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    for (const path of ['/readyz', '/v1/products', '/openapi.json', '/docs']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      assert.equal(answer.status, 200, `${path} answers ${answer.status}`)
    }
    await findMug(`http://127.0.0.1:${port}`)
    if (time === 'first') exportAndImport()
  } finally {
    const processes = descendants(shop.pid!)
    const stopping = performance.now()
    shop.kill('SIGTERM')
    await ended
    console.log(`stopped after ${((performance.now() - stopping) / 1_000).toFixed(1)} s`)
    // npm may be gone a moment before what it started.
    const left = () => processes.filter(isAlive)
    for (const until = performance.now() + 5_000; left().length > 0 && performance.now() < until; )
      await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(left(), [], `left behind: ${left().join(', ')}`)
  }
}

/** Search learns of a new shop's goods in the seconds after its doors have opened. */
async function findMug(shop: string) {
  type Found = { items?: { name: string; image: { url: string } }[] }
  const search = async () => (await (await fetch(`${shop}/v1/search?q=blue+mugg`)).json()) as Found
  const until = performance.now() + 20_000
  let { items = [] } = await search()
  while (!/mug/i.test(items[0]?.name ?? '') && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    items = (await search()).items ?? []
  }
  assert.match(items[0]?.name ?? '', /mug/i)
  const picture = await fetch(
    `${shop}${items[0]!.image.url.replace('{width}', '640').replace('{format}', 'avif')}`,
  )
  assert.deepEqual([picture.status, picture.headers.get('content-type')], [200, 'image/avif'])
  console.log(`found ${items[0]!.name}, and its picture`)
}

/** The whole catalogue into a file and back: nothing changes. */
function exportAndImport() {
  const file = join(dataDirectory, 'everything.csv')
  const run = (...words: string[]) =>
    execFileSync('npm', ['run', 'import', '--', ...words], {
      encoding: 'utf8',
      env: { ...process.env, DATA_DIRECTORY: dataDirectory },
    })
  run('export', file)
  const told = run(file, '--format', 'stoa')
  assert.match(told, /: 0 created, 0 changed, [1-9]\d* unchanged, 0 refused/, told)
  console.log('exported, and imported again: nothing changed')
}

async function said(shop: ChildProcess, text: string) {
  for await (const line of createInterface({ input: shop.stdout! })) {
    console.log(line)
    if (line.includes(text) && !line.startsWith('{')) return shop.stdout!.resume()
  }
  assert.fail('npm start ended before it was ready')
}

/** Those that left the process group, too: PostgreSQL and the sandbox have sessions of their own. */
function descendants(pid: number): number[] {
  const pairs = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number])
  const below = (parent: number): number[] =>
    pairs.filter(([, above]) => above === parent).flatMap(([child]) => [child, ...below(child)])
  return [pid, ...below(pid)]
}
