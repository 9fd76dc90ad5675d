import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnsweredSearch, cartKey, readSearchId, writeSearchId } from './search-id.ts'

const at = new Date('2026-05-01T10:00:00Z')
const answered: AnsweredSearch = {
  query: 'oak table',
  testId: '01890a5d-ac96-774b-bcce-b302099a8057',
  variant: 'challenger',
  found: true,
  page: 'first',
  at,
}

test('an id says what was answered', () => {
  const id = writeSearchId('secret', answered)
  assert.deepEqual(readSearchId('secret', id, at), answered)
  assert.ok(writeSearchId('secret', { ...answered, query: 'ß'.repeat(100) }).length <= 1_000)
})

test('an id of somebody else, or one that was changed, is forged', () => {
  const id = writeSearchId('secret', answered)
  const [body, signed] = id.split('.') as [string, string]
  const other = Buffer.from(JSON.stringify(['sofa', null, 0, 1, 1, 29_627_160])).toString('base64url')
  for (const forged of [`${other}.${signed}`, `${body}.`, `.${signed}`, body, '', `${body}.${signed}AA`])
    assert.equal(readSearchId('secret', forged, at), 'forged', forged)
  assert.equal(readSearchId('another', id, at), 'forged')
})

test('an id is good for a day', () => {
  const id = writeSearchId('secret', answered)
  const after = (hours: number) => new Date(at.getTime() + hours * 3_600_000)
  assert.notEqual(readSearchId('secret', id, after(24)), 'expired')
  assert.equal(readSearchId('secret', id, after(24.1)), 'expired')
})

test('a cart is the same behind its key, and cannot be read from it', () => {
  assert.equal(cartKey('secret', 'a'), cartKey('secret', 'a'))
  assert.notEqual(cartKey('secret', 'a'), cartKey('secret', 'b'))
  assert.notEqual(cartKey('secret', 'a'), cartKey('other', 'a'))
})
