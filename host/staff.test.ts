import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import auth from '@stoa/auth'
import { auth as contract } from '@stoa/contracts/auth'
import { startTestHost } from '@stoa/testing'

test('the staff command opens, lists and closes accounts while the shop runs', async () => {
  await using shop = await startTestHost({ services: [auth] })
  const run = (...words: string[]) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      const file = join(import.meta.dirname, 'staff.ts')
      const env = { ...process.env, DATABASE_URL: shop.database.url }
      const child = execFile(process.execPath, [file, ...words], { env }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      )
    })
  const email = 'Ada@example.com'

  const [added, misused] = await Promise.all([
    run('add', email, '--role', 'admin'),
    run('add', email, '--role', 'king'),
  ])
  assert.equal(added.code, 0, added.output)
  const password = /\w{5}-\w{5}-\w{5}-\w{5}/.exec(added.output)?.[0]
  assert.ok(password, added.output)
  const { user } = await shop.client(contract).login({ email, password })
  assert.deepEqual([user.role, user.mustChangePassword], ['admin', true])
  assert.equal(misused.code, 2)
  assert.match(misused.output, /--role admin\|support\|read-only/)
  const { rows } = await shop.pool.query('select actor from auth.audit')
  assert.deepEqual(rows, [{ actor: 'service:staff-command' }])

  const [disabled, unknown] = await Promise.all([run('disable', email), run('disable', 'nobody@example.com')])
  assert.equal(disabled.code, 0, disabled.output)
  assert.deepEqual([unknown.code, unknown.output.trim()], [1, 'There is no such account.'])
  assert.match((await run('list')).output, /^Ada@example\.com {2}admin {2}disabled/)
})
