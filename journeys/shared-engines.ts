import assert from 'node:assert/strict'
import { engineAddress } from '@stoa/testing'
import { type SharedEngines, shareEngines } from '@stoa/testing/shared-engines'

/** A part of the engines that `npm run journeys` brings up for the topology `replicated`. */
export function sharedEngines(): SharedEngines {
  const [kafka, redis, openSearch] = [
    engineAddress('kafka'),
    engineAddress('redis'),
    engineAddress('opensearch'),
  ]
  for (const { skip } of [kafka, redis, openSearch])
    assert(skip === false, `${skip}. The topology "replicated" needs it: npm run journeys -- replicated`)
  const engines = shareEngines('journey', {
    KAFKA_BROKERS: kafka.address,
    REDIS_URL: redis.address,
    OPENSEARCH_URL: openSearch.address,
  })
  return {
    ...engines,
    // Partitions: one for each replica.
    environment: { ...engines.environment, KAFKA_PARTITIONS: '2' },
  }
}
