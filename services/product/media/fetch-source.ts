import { lookup as resolveName } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { MAX_PICTURE_BYTES } from '@stoa/contracts/product-media'
import ipaddr from 'ipaddr.js'
import { Agent, fetch, type Response } from 'undici'
import { PictureFault } from './picture-fault.ts'

/** All hops together, to the last byte. */
const TIMEOUT_MS = 10_000
const MAX_REDIRECTS = 3

/**
 * Why a source gave no picture. `gone`: it said so, it gave something else, or we do not ask there. `silent`: it did not answer, or
 * said that it cannot now.
 */
export class SourceFault extends Error {
  override name = 'SourceFault'
  readonly kind: 'gone' | 'silent'
  constructor(kind: 'gone' | 'silent', message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

export type FetchedSource = { readonly bytes: Buffer }

export type Sources = AsyncDisposable & {
  readonly fetch: (url: string) => Promise<FetchedSource>
}

/**
 * Fetches files from the public internet, and from `trustedOrigins` wherever they are. An address that is not public is never
 * connected to: each name is resolved once, and the connection goes to the address that was looked at.
 */
export function openSources({
  trustedOrigins,
  timeoutMs = TIMEOUT_MS,
}: {
  trustedOrigins: readonly string[]
  timeoutMs?: number
}): Sources {
  const trusted = new Set(trustedOrigins)
  const limits = { connections: 8, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS }
  const anywhere = new Agent(limits)
  const publicOnly = new Agent({ ...limits, connect: { lookup: lookupPublic } })

  const ask = (url: URL, signal: AbortSignal): Promise<Response> => {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new SourceFault('gone', 'must be http or https')
    if (url.username || url.password) throw new SourceFault('gone', 'must not have credentials')
    const isTrusted = trusted.has(url.origin)
    // A literal address is connected to without being looked up.
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (!isTrusted && ipaddr.isValid(literal) && !isPublic(literal)) throw notPublic()
    return fetch(url, {
      dispatcher: isTrusted ? anywhere : publicOnly,
      redirect: 'manual',
      signal,
      headers: { accept: 'image/avif,image/webp,image/png,image/jpeg,image/gif', 'user-agent': 'Stoa' },
    })
  }

  return {
    fetch: async (address) => {
      const signal = AbortSignal.timeout(timeoutMs)
      let url = new URL(address)
      try {
        for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
          const response = await ask(url, signal)
          const location = response.headers.get('location')
          if (response.status < 300 || response.status > 399 || location === null)
            return { bytes: await read(response) }
          await response.body?.cancel()
          if (!URL.canParse(location, url.href)) throw new SourceFault('gone', 'leads to no address')
          url = new URL(location, url)
        }
        throw new SourceFault('gone', `leads on more than ${MAX_REDIRECTS} times`)
      } catch (error) {
        throw faultOf(error)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([anywhere.destroy(), publicOnly.destroy()])
    },
  }
}

async function read(response: Response): Promise<Buffer> {
  if (!response.ok) {
    await response.body?.cancel()
    const { status } = response
    const isPassing = status >= 500 || status === 429 || status === 408
    throw new SourceFault(isPassing ? 'silent' : 'gone', `answered ${status}`)
  }
  const parts: Uint8Array[] = []
  let size = 0
  // What is unpacked counts: a small answer may be a large one, compressed.
  for await (const part of response.body ?? []) {
    size += part.byteLength
    if (size > MAX_PICTURE_BYTES)
      throw new PictureFault(`must be at most ${MAX_PICTURE_BYTES / 1024 / 1024} MiB`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Faults arrive wrapped when they happened while connecting. */
function faultOf(error: unknown): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof SourceFault || cause instanceof PictureFault) return cause
  return new SourceFault('silent', 'did not answer', { cause: error })
}

const notPublic = () => new SourceFault('gone', 'must be a public address')

/** Resolves a name to its public addresses; a name that has any other is refused whole. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, [])
    if (addresses.length === 0 || !addresses.every(({ address }) => isPublic(address)))
      return callback(notPublic(), [])
    if (options.all) callback(null, addresses)
    else callback(null, addresses[0]!.address, addresses[0]!.family)
  })
}

/**
 * Whether everybody may be meant by this address: not loopback, link-local, private, carrier-grade NAT, multicast, reserved, nor one
 * of IPv6 that stands for one of IPv4 (compatible, mapped, 6to4, Teredo, NAT64), behind which each of these may hide.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST)
}

/** What IANA gives out: https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')
