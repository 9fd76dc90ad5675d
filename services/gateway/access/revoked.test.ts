import assert from 'node:assert/strict'
import { test } from 'node:test'
import { REMEMBERED_MS, Revoked } from './revoked.ts'

const token = (sid: string, sub: string, credentials_version?: number) => ({
  sid,
  sub,
  ...(credentials_version !== undefined && { credentials_version }),
})

test('a session that ended is known by its id, and no other is', () => {
  const revoked = new Revoked()
  revoked.sessionEnded('s1')
  assert.ok(revoked.has(token('s1', 'ada', 1)))
  assert.ok(!revoked.has(token('s2', 'ada', 1)))
})

test('changed credentials end the tokens of older versions, but for those of the session that changed them', () => {
  const revoked = new Revoked()
  revoked.credentialsChanged({ userId: 'ada', credentialsVersion: 3, keptSessionId: 's1' })
  assert.ok(revoked.has(token('s2', 'ada', 2)))
  assert.ok(revoked.has(token('s2', 'ada')), 'one without a version is older than any')
  assert.ok(!revoked.has(token('s1', 'ada', 2)))
  assert.ok(!revoked.has(token('s3', 'ada', 3)))
  assert.ok(!revoked.has(token('s2', 'bob', 1)))
  revoked.credentialsChanged({ userId: 'ada', credentialsVersion: 2, keptSessionId: null })
  assert.ok(!revoked.has(token('s1', 'ada', 2)), 'an event that comes late changes nothing')
  revoked.credentialsChanged({ userId: 'ada', credentialsVersion: 4, keptSessionId: null })
  assert.ok(revoked.has(token('s1', 'ada', 2)))
})

test('what no token can need any more is forgotten, and so are the oldest beyond the bound', () => {
  let now = 0
  const revoked = new Revoked({ now: () => now, max: 3 })
  for (const session of ['a', 'b', 'c', 'd']) revoked.sessionEnded(session)
  assert.deepEqual(
    ['a', 'b', 'd'].map((sid) => revoked.has(token(sid, 'x'))),
    [false, true, true],
  )
  now = REMEMBERED_MS + 1
  revoked.sessionEnded('e')
  assert.equal(revoked.size, 1)
})
