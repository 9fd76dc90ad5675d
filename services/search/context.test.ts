import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '@stoa/runtime'
import { config } from './context.ts'

test('a start with an OPENSEARCH_URL that is no address fails with its name', () => {
  for (const value of [
    'localhost:9200',
    'garbage',
    'http://one:9200,two:9200',
    'http://one:9200,',
    'http://',
  ])
    assert.throws(
      () => readConfig(config, { OPENSEARCH_URL: value }),
      ({ message }: Error) => message.includes('OPENSEARCH_URL: must be an address like http://'),
      value,
    )
  const several = 'https://user:secret@one:9200, http://two:9200'
  assert.equal(readConfig(config, { OPENSEARCH_URL: several }).opensearchUrl, several)
})
