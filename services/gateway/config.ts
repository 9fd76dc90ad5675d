import { type ConfigOf, type ConfigSpec, MAX_CALLS_TO_AN_ADDRESS, setting } from '@stoa/runtime'
import { z } from 'zod'

/** Calls that the gateway makes by itself, beside those that wait for their turn: whose key this is, which access has ended. */
const OWN_CALLS = 100

const rate = (byDefault: number) => z.coerce.number().int().min(0).max(1_000_000).default(byDefault)

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
    'Requests whose answers have not left; one more is answered 503, whatever it is about. Must be more than `GATEWAY_MAX_CONCURRENT` and `GATEWAY_MAX_WAITING` together.',
  ),
  maxConcurrent: setting(
    'GATEWAY_MAX_CONCURRENT',
    z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_CALLS_TO_AN_ADDRESS - OWN_CALLS)
      .default(500),
    'Calls of services that run at once; others wait for at most a second: checkout first, then browsing, then analytics. No more than one address of a service takes: there one too many is refused, whatever it is about.',
  ),
  maxWaiting: setting(
    'GATEWAY_MAX_WAITING',
    z.coerce.number().int().min(0).max(100_000).default(1_000),
    'Calls that wait for their turn; beyond it the least important are answered 503.',
  ),
  ratePerApiKey: setting(
    'GATEWAY_RATE_PER_API_KEY',
    rate(100),
    'Requests a second with one API key, and as many at once; 0: no limit.',
  ),
  ratePerUser: setting(
    'GATEWAY_RATE_PER_USER',
    rate(100),
    'Requests a second of one account, ten times as many at once; 0: no limit.',
  ),
  ratePerAddress: setting(
    'GATEWAY_RATE_PER_ADDRESS',
    rate(300),
    'Anonymous requests a second from one IP address (IPv6: /64), ten times as many at once, and by themselves as many tokens and API keys that a process has not seen; 0: no limit. Behind a proxy set `TRUST_PROXY`, or all shoppers are one address.',
  ),
  sensitivePerAddress: setting(
    'GATEWAY_SENSITIVE_PER_ADDRESS',
    rate(60),
    'Requests a minute from one IP address (IPv6: /64), and as many at once, that sign in, register, ask for or use links of mails, or look an order up; 0: no limit.',
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

/** Throws what names the settings at fault when what is refused whatever it is about would be refused before the queue is full. */
export function checkBounds({
  maxInFlight,
  maxConcurrent,
  maxWaiting,
}: Pick<ConfigOf<typeof config>, 'maxInFlight' | 'maxConcurrent' | 'maxWaiting'>): void {
  const queued = maxConcurrent + maxWaiting
  if (maxInFlight <= queued)
    throw new Error(
      `${config.maxInFlight.env} is ${maxInFlight}: it must be more than ${config.maxConcurrent.env} and ${config.maxWaiting.env} together, ${queued}`,
    )
}
