import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { before, it } from 'node:test'
import type { MediaStore } from './store.ts'

/** What an unreachable store rejects with. */
export const unavailable = { name: 'Rejection', code: 'UNAVAILABLE' }

/** What every store does. `open` opens one that is empty, or where nobody else writes. */
export function keepsPictures(open: () => MediaStore): void {
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
