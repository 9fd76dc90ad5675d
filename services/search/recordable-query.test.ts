import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordableQuery } from './recordable-query.ts'

test('spellings that mean the same are one query', () => {
  assert.equal(recordableQuery('  Oak   TABLE '), 'oak table')
  assert.equal(recordableQuery('ＯＡＫ table'), 'oak table')
})

describe('what looks like a person’s data or a secret is not recorded', () => {
  const personal = [
    'anna@example.com',
    'order of anna @ example.com anna@example.com',
    '+43 660 123 45 67',
    '0660/1234567',
    '0043660123456',
    '4242 4242 4242 4242',
    '4242424242424242',
    'AT61 1904 3002 3457 3201',
    'S-7K3M-92QX',
    'sk_live_51H8aGkLmNoPqRsTuVwXyZ0123456789abcdefgh',
    '1970-01-01 12345',
  ]
  for (const query of personal) test(query, () => assert.equal(recordableQuery(query), null))
})

describe('what goods are called is recorded', () => {
  const goods = [
    '4006381333931',
    '96385074',
    'dv7-1211ea',
    '17 inch 500gb',
    '1920x1080',
    'iso 9001 2015',
    '100 200',
  ]
  for (const query of goods) test(query, () => assert.equal(recordableQuery(query), query))
})

test('a barcode whose check digit is wrong is a number of something else', () => {
  assert.equal(recordableQuery('4006381333932'), null)
})

test('nothing and a pasted page are no queries', () => {
  assert.equal(recordableQuery('   '), null)
  assert.equal(recordableQuery('oak '.repeat(60)), null)
})
