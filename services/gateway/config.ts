import { type ConfigSpec, setting } from '@stoa/runtime'
import { z } from 'zod'

export const config = {
  port: setting('PORT', z.coerce.number().int().min(0).max(65535).default(8080), 'The public port.'),
  host: setting(
    'HOST',
    z.string().default('127.0.0.1'),
    'The address that the public port binds to; `0.0.0.0` for all.',
  ),
  publicUrl: setting(
    'PUBLIC_URL',
    z.url().optional(),
    'How shoppers reach the shop, as it stands in the API description. Default: the address that is bound.',
  ),
  trustProxy: setting(
    'TRUST_PROXY',
    z.coerce.number().int().min(0).max(10).default(0),
    'How many proxies stand in front: that many entries of `X-Forwarded-For` are believed.',
  ),
  issuer: setting(
    'AUTH_ISSUER',
    z.string().default('stoa'),
    'Issuer of the access tokens that are accepted.',
  ),
  maxInFlight: setting(
    'GATEWAY_MAX_IN_FLIGHT',
    z.coerce.number().int().min(1).max(100_000).default(2_000),
    'Requests worked on at once; one more is answered 503.',
  ),
  cacheBytes: setting(
    'GATEWAY_CACHE_BYTES',
    z.coerce
      .number()
      .int()
      .min(0)
      .max(8 * 1024 ** 3)
      .default(64 * 1024 * 1024),
    'Memory for answers that are given again (products, search, categories); 0 keeps none.',
  ),
} as const satisfies ConfigSpec
