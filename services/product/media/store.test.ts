import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type S3, startS3 } from '@stoa/sandbox/s3'
import { diskStore } from './disk-store.ts'
import { s3Store } from './s3-store.ts'
import type { MediaStore } from './store.ts'

const unavailable = { name: 'Rejection', code: 'UNAVAILABLE' }

/** What every store does. */
function keepsPictures(open: () => MediaStore): void {
  let store: MediaStore
  before(() => {
    store = open()
  })

  it('gives back what it was given, byte for byte', async () => {
    for (const bytes of [
      randomBytes(100_000),
      Buffer.from([0]),
      Buffer.alloc(0),
      Buffer.from('\r\n\0\xff', 'latin1'),
    ]) {
      await store.put('originals/ab/given', bytes)
      assert.deepEqual(await store.get('originals/ab/given'), bytes)
    }
  })

  it('knows what it has, and says of the rest that it is not there', async () => {
    await store.put('renditions/ab/one/800.avif', Buffer.from('one'))
    assert.equal(await store.has('renditions/ab/one/800.avif'), true)
    assert.equal(await store.has('renditions/ab/one/800.webp'), false)
    assert.equal(await store.get('renditions/ab/one/800.webp'), undefined)
    assert.equal(await store.get('renditions/cd/none'), undefined)
  })

  it('takes the same again, and the last of several', async () => {
    await store.put('a/twice', Buffer.from('first'))
    await store.put('a/twice', Buffer.from('second'))
    assert.equal(String(await store.get('a/twice')), 'second')
  })

  it('never shows a part of what is being written', async () => {
    const whole = (size: number) => Buffer.alloc(size, size % 251)
    await store.put('a/growing', whole(1))
    const writes = Promise.all(
      Array.from({ length: 10 }, (_, n) => store.put('a/growing', whole((n + 1) * 100_003))),
    )
    for (let reads = 0; reads < 20; reads += 1) {
      const seen = (await store.get('a/growing'))!
      assert.ok(seen.equals(whole(seen.length)))
    }
    await writes
  })

  it('forgets what is deleted, and bears it twice', async () => {
    await store.put('a/gone', Buffer.from('x'))
    await store.delete('a/gone')
    await store.delete('a/gone')
    assert.equal(await store.has('a/gone'), false)
    assert.equal(await store.get('a/gone'), undefined)
  })
}

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
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const startedAt = performance.now()
    await assert.rejects(open({ url: `http://127.0.0.1:${port}/pictures` }).get('a/b'), unavailable)
    const ms = performance.now() - startedAt
    assert(ms > 3_000 && ms < 7_000, `${ms} ms`)
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
      await assert.rejects(open(wrong).delete('a/b'), unavailable)
    }
  })
})

/** A real bucket to hold the same against: `http://<key>:<secret>@<host>/<bucket>?region=<region>`, its secret percent-encoded. */
const { TEST_S3_URL } = process.env
const skip = TEST_S3_URL ? false : 'TEST_S3_URL is absent: name a bucket of a server that speaks S3'

describe("the store in somebody else's S3", { skip }, () => {
  const open = (secret?: string) => {
    const { origin, pathname, username, password, searchParams } = new URL(TEST_S3_URL!)
    return s3Store({
      url: `${origin}${pathname}/${run}`,
      region: searchParams.get('region') ?? 'us-east-1',
      accessKeyId: decodeURIComponent(username),
      secretAccessKey: secret ?? decodeURIComponent(password),
    })
  }
  const run = `stoa-${randomBytes(6).toString('hex')}`

  keepsPictures(() => open())

  it('is not available when it refuses us', async () => {
    await assert.rejects(open('wrong').put('a/b', Buffer.from('x')), unavailable)
    await assert.rejects(open('wrong').get('a/b'), unavailable)
  })
})
