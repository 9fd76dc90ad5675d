import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { MAX_PICTURE_BYTES } from '@stoa/contracts/product-media'
import { engineAddress } from '@stoa/testing'
import { type S3Options, s3Store } from './s3-store.ts'
import type { MediaStore } from './store.ts'
import { keepsPictures, unavailable } from './store-contract.ts'

const { address, skip } = engineAddress('s3')
const { TEST_S3_REGION, TEST_AWS_ACCESS_KEY_ID, TEST_AWS_SECRET_ACCESS_KEY } = process.env

describe("the store in somebody else's S3", { skip }, () => {
  const run = `stoa-${randomBytes(6).toString('hex')}`
  const written = new Set<string>()
  const open = (options: Partial<S3Options> = {}): MediaStore => {
    const store = s3Store({
      url: `${address}/${run}`,
      region: TEST_S3_REGION!,
      accessKeyId: TEST_AWS_ACCESS_KEY_ID!,
      secretAccessKey: TEST_AWS_SECRET_ACCESS_KEY!,
      ...options,
    })
    return {
      ...store,
      put: (path, bytes) => {
        written.add(path)
        return store.put(path, bytes)
      },
    }
  }
  after(async () => {
    for (const path of written) await open().delete(path)
  })

  keepsPictures(() => open())

  it('takes the largest picture', async () => {
    const bytes = randomBytes(MAX_PICTURE_BYTES)
    await open().put('originals/ab/largest', bytes)
    assert.ok((await open().get('originals/ab/largest'))?.equals(bytes))
  })

  it('is not available when it refuses us', async () => {
    await open().put('a/b', Buffer.from('x'))
    for (const wrong of [{ secretAccessKey: 'wrong' }, { accessKeyId: 'wrong' }, { region: 'eu-north-1' }]) {
      await assert.rejects(open(wrong).put('a/b', Buffer.from('y')), unavailable)
      await assert.rejects(open(wrong).get('a/b'), unavailable)
      await assert.rejects(open(wrong).has('a/b'), unavailable)
      await assert.rejects(open(wrong).delete('a/b'), unavailable)
    }
    assert.equal(String(await open().get('a/b')), 'x')
  })

  it('is not available when its bucket is not there', async () => {
    const absent = { url: `${address}-of-others` }
    await assert.rejects(open(absent).put('a/b', Buffer.from('x')), unavailable)
    await assert.rejects(open(absent).get('a/b'), unavailable)
    await assert.rejects(open(absent).has('a/b'), unavailable)
    await assert.rejects(open(absent).delete('a/b'), unavailable)
  })
})
