import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emailDigest, emailKey } from './email-key.ts'
import { fitsBcrypt, normalisePassword, oneTimePassword } from './password.ts'

test('an accent typed as one character or as two is the same password', () => {
  assert.equal(normalisePassword('cafe\u0301 au lait'), normalisePassword('café au lait'))
})

test('a password fits bcrypt up to 72 bytes, not characters, after normalisation', () => {
  assert.equal(fitsBcrypt('x'.repeat(72)), true)
  assert.equal(fitsBcrypt('x'.repeat(73)), false)
  assert.equal(fitsBcrypt('é'.repeat(36)), true)
  assert.equal(fitsBcrypt('é'.repeat(37)), false)
  // U+0958 is one character of three bytes, and becomes two of six.
  assert.equal(fitsBcrypt('\u0958'.repeat(24)), true)
  assert.equal(fitsBcrypt(normalisePassword('\u0958'.repeat(24))), false)
})

test('a one-time password is four groups of five, each random byte in one character', () => {
  const password = oneTimePassword(Uint8Array.from({ length: 20 }, (_, index) => index * 13))
  assert.match(password, /^[0-9a-z]{5}(-[0-9a-z]{5}){3}$/)
  assert.doesNotMatch(password, /[ilou]/)
  assert.notEqual(password, oneTimePassword(new Uint8Array(20)))
})

test('two spellings of one address are one account, and a counter does not keep the address', () => {
  assert.equal(emailKey('Ada@Example.COM'), emailKey('ada@example.com'))
  assert.equal(emailKey('ame\u0301lie@example.com'), emailKey('AMÉLIE@example.com'))
  assert.equal(emailDigest('Ada@Example.COM'), emailDigest('ada@example.com'))
  assert.doesNotMatch(emailDigest('ada@example.com'), /ada/)
})
