export type TestEngine = 'kafka' | 'redis' | 'opensearch' | 'toxiproxy' | 's3'

const variables: Record<TestEngine, string> = {
  kafka: 'TEST_KAFKA_BROKERS',
  redis: 'TEST_REDIS_URL',
  opensearch: 'TEST_OPENSEARCH_URL',
  toxiproxy: 'TEST_TOXIPROXY_URL',
  s3: 'TEST_S3_URL',
}

/**
 * Where an engine is that a test needs, as `npm run test:engines` says. Without it the test is skipped, and says why:
 * `test('…', { skip: kafka.skip }, …)`. The engine is shared with other tests: use a random prefix, and clean up.
 */
export function engineAddress(engine: TestEngine): {
  /** Empty when the test is skipped. */
  readonly address: string
  readonly skip: string | false
} {
  const variable = variables[engine]
  const address = process.env[variable] ?? ''
  return { address, skip: address === '' && `${variable} is absent: npm run test:engines sets it` }
}
