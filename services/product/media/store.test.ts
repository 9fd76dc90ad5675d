import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type S3, startS3 } from '@stoa/sandbox/s3'
import { diskStore } from './disk-store.ts'
import { s3Store } from './s3-store.ts'
import { keepsPictures, unavailable } from './store-contract.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe('the store on a disk', () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-store-'))
  })
  after(() => rm(directory, { recursive: true }))

  keepsPictures(() => diskStore(join(directory, 'deep', 'media')))

  it('leaves nothing behind of what it could not write, and says that it is not available', async () => {
    const store = diskStore(join(directory, 'blocked'))
    await store.put('a/file', Buffer.from('x'))
    await assert.rejects(store.put('a/file/below', Buffer.from('y')), unavailable)
    assert.deepEqual(await readdir(join(directory, 'blocked', 'incoming')), [])
  })

  it('clears away, later, what a process that ended was writing', async () => {
    const root = join(directory, 'crashed')
    await diskStore(root).put('a/b', Buffer.from('x'))
    const [old, fresh] = [join(root, 'incoming', 'old'), join(root, 'incoming', 'fresh')]
    for (const file of [old, fresh]) await writeFile(file, 'half')
    const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    await utimes(old, twoHoursAgo, twoHoursAgo)
    await diskStore(root).put('a/c', Buffer.from('x'))
    assert.deepEqual(await readdir(join(root, 'incoming')), ['fresh'])
  })
})

describe("the store in a bucket that speaks S3's protocol", () => {
  let s3: S3
  const open = (options: object = {}) =>
    s3Store({ url: s3.url, region: s3.region, ...s3.credentials, ...options })
  before(async () => {
    s3 = await startS3()
  })
  after(() => s3.stop())

  keepsPictures(() => open())

  it('may lie below a path of the bucket', async () => {
    await open({ url: `${s3.url}/shop/one/` }).put('a/b', Buffer.from('x'))
    assert.ok(s3.objects.has('shop/one/a/b'))
  })

  it('is asked again when it cannot answer for a moment', async () => {
    for (const status of [503, 500, 0] as const) {
      s3.failNext(2, status)
      await open().put('a/again', Buffer.from('x'))
    }
    assert.equal(String(await open().get('a/again')), 'x')
  })

  it('is not available after 4 s when it accepts and says nothing', async () => {
    const callers = new Set<Socket>()
    const silent = createServer((caller) => void callers.add(caller)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const startedAt = performance.now()
    const asked = assert.rejects(open({ url: `http://127.0.0.1:${port}/pictures` }).get('a/b'), unavailable)
    await sleep(1_000)
    // Node's fetch may lose its signal then.
    collectGarbage()
    await asked
    const ms = performance.now() - startedAt
    assert(ms > 3_000 && ms < 7_000, `${ms} ms`)
    for (const caller of callers) caller.destroy()
    silent.close()
  })

  it('is not available when it keeps failing, cannot be reached or refuses us', async () => {
    s3.failNext(100, 503)
    await assert.rejects(open().put('a/b', Buffer.from('x')), unavailable)
    s3.failNext(100, 0)
    await assert.rejects(open().get('a/b'), unavailable)
    s3.failNext(0, 503)
    await assert.rejects(open({ url: 'http://127.0.0.1:1/pictures' }).has('a/b'), unavailable)
    for (const wrong of [
      { secretAccessKey: 'wrong' },
      { region: 'us-east-1' },
      { url: `${s3.url}-of-others` },
    ]) {
      await assert.rejects(open(wrong).put('a/b', Buffer.from('x')), unavailable)
      await assert.rejects(open(wrong).get('a/b'), unavailable)
      await assert.rejects(open(wrong).has('a/b'), unavailable)
      await assert.rejects(open(wrong).delete('a/b'), unavailable)
    }
  })
})
