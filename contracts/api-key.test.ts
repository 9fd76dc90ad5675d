import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { apiKeySecret, isApiKeySecret } from './api-key.ts'

test('the secret of an API key is recognised by its beginning, and holds 256 bits', () => {
  assert.match(apiKeySecret(randomBytes(32)), /^stoa_[0-9A-Za-z]{49}$/)
  const [least, most] = [apiKeySecret(new Uint8Array(32)), apiKeySecret(new Uint8Array(32).fill(255))]
  assert.ok(isApiKeySecret(least) && isApiKeySecret(most))
  assert.notEqual(least, most)
})

test('one that was cut or mistyped is seen without a look at any key', () => {
  const secret = apiKeySecret(randomBytes(32))
  for (let at = 0; at < secret.length; at += 1) {
    const other = secret[at] === 'x' ? 'y' : 'x'
    assert.ok(!isApiKeySecret(secret.slice(0, at) + other + secret.slice(at + 1)), `character ${at}`)
  }
  for (const wrong of ['', secret.slice(0, -1), `${secret}0`, secret.replace('stoa_', 'stop_')])
    assert.ok(!isApiKeySecret(wrong))
})
