import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipSubject } from './ip-subject.ts'

test('an IPv4 address counts by itself, however it is written', () => {
  assert.equal(ipSubject('203.0.113.7'), '203.0.113.7')
  assert.equal(ipSubject('::ffff:203.0.113.7'), '203.0.113.7')
})

test('IPv6 addresses of one /64 count together', () => {
  const prefix = '2001:db8:0:7::/64'
  assert.equal(ipSubject('2001:db8:0:7::1'), prefix)
  assert.equal(ipSubject('2001:0db8:0000:0007:ffff:1:2:3'), prefix)
  assert.equal(ipSubject('2001:db8:0:7:1::203.0.113.7'), prefix)
  assert.equal(ipSubject('2001:db8:0:7::%eth0'), prefix)
  assert.equal(ipSubject('::1'), '0:0:0:0::/64')
  assert.notEqual(ipSubject('2001:db8:0:8::1'), prefix)
})

test('what the platform does by itself comes from nowhere', () => {
  assert.equal(ipSubject(undefined), undefined)
})
