import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ALL, type Cache, type CacheOptions, type CacheResult, MAX_TAGS, ttlMsOf } from './cache.ts'
import { type Redis, redisScript } from './redis.ts'

/** A load that takes longer is joined by nobody in another process. */
const CLAIM_MS = 3_000
/** How long one waits for the load of another process before loading for oneself, and how often one looks. */
const WAIT_MS = 1_000
const FIRST_LOOK_MS = 10
const LAST_LOOK_MS = 100
/** What is larger, compressed, is not kept. */
const MAX_VALUE_BYTES = 512 * 1024
/** From here on compressing costs less than it saves. */
const COMPRESSED_BYTES = 4 * 1024
/** Drops that are repeated when Redis is back; with more of them everything is dropped. */
const MAX_PENDING = 10_000
const REPEAT_EVERY_MS = 250
/** Names of one script: it holds up everybody else. */
const MAX_NAMES = 500
/** Longer names are kept as their digest. */
const MAX_NAME = 100
/** A tag is remembered for so much longer than what has it. */
const TAG_EXTRA_MS = 3_600_000
/** What is known of the last drop. Longer than any load. */
const CLOCK_MS = 3_600_000

/*
 * How a value stays current, whatever Redis forgets.
 *
 *   value:<key>  what was loaded, with which tags, and asOf: a time before the load began
 *   claim:<key>  who loads it just now
 *   tag:<name>   when it was dropped last, or a time before the first load of what has it
 *   dropped      when anything was dropped last
 *   clock        the last time that was given: Redis's own in microseconds, never the same twice and never backwards
 *
 * A value counts while each of its tags is remembered as dropped before asOf. A tag that Redis has forgotten (evicted, expired) makes
 * its values worthless, not eternal. A load is kept if its claim still stands, which a drop of the key removes. Where the claim has expired,
 * or a tag is new, it is kept only if nothing at all was dropped since it began.
 */

const CLOCK = `local function tick()
  local time = redis.call('TIME')
  local now = math.max(time[1] * 1000000 + time[2], tonumber(redis.call('GET', KEYS[1] .. ':clock') or '0') + 1)
  local text = string.format('%.0f', now)
  redis.call('SET', KEYS[1] .. ':clock', text, 'PX', '${CLOCK_MS}')
  return text
end
`

// ARGV: key, token. Answers the value; a list with asOf when the load is ours; null when another loads.
const LOOK = redisScript(
  'cache-look',
  `local kept = redis.call('HMGET', KEYS[1] .. ':value:' .. ARGV[1], 'value', 'asOf', 'tags')
if kept[1] then
  local asOf, tags = tonumber(kept[2]), {}
  for tag in string.gmatch(kept[3], '[^\\n]+') do tags[#tags + 1] = KEYS[1] .. ':tag:' .. tag end
  local current = true
  for _, dropped in ipairs(redis.call('MGET', unpack(tags))) do
    if not dropped or tonumber(dropped) >= asOf then current = false end
  end
  if current then return kept[1] end
end
if not redis.call('SET', KEYS[1] .. ':claim:' .. ARGV[1], ARGV[2], 'NX', 'PX', '${CLAIM_MS}') then return false end
${CLOCK}
redis.call('SET', KEYS[1] .. ':dropped', tick(), 'NX', 'PX', '${CLOCK_MS}')
return { tick() }`,
)

// ARGV: key, token, asOf, time to live (0: only the claim ends), a tag's life, value, tags...
const KEEP = redisScript(
  'cache-keep',
  `local asOf = tonumber(ARGV[3])
local dropped = redis.call('GET', KEYS[1] .. ':dropped')
local quiet = dropped and tonumber(dropped) < asOf
local claim = KEYS[1] .. ':claim:' .. ARGV[1]
if redis.call('GET', claim) == ARGV[2] then redis.call('DEL', claim)
elseif not quiet then return 0 end
if ARGV[4] == '0' then return 0 end
${CLOCK}
local current, tags = true, {}
for at = 7, #ARGV do
  tags[#tags + 1] = ARGV[at]
  local tag = KEYS[1] .. ':tag:' .. ARGV[at]
  local last = redis.call('GET', tag)
  if not last then
    last = dropped or tick()
    redis.call('SET', tag, last, 'PX', ARGV[5])
  elseif redis.call('PTTL', tag) < tonumber(ARGV[5]) then
    redis.call('PEXPIRE', tag, ARGV[5])
  end
  if tonumber(last) >= asOf then current = false end
end
if not current then return 0 end
local value = KEYS[1] .. ':value:' .. ARGV[1]
redis.call('HSET', value, 'value', ARGV[6], 'asOf', ARGV[3], 'tags', table.concat(tags, '\\n'))
redis.call('PEXPIRE', value, ARGV[4])
return 1`,
)

// ARGV: names. A tag that is not remembered needs no time: no value that has it counts.
const DROP = redisScript(
  'cache-drop',
  `${CLOCK}
local now = tick()
redis.call('SET', KEYS[1] .. ':dropped', now, 'PX', '${CLOCK_MS}')
for _, name in ipairs(ARGV) do
  redis.call('UNLINK', KEYS[1] .. ':value:' .. name, KEYS[1] .. ':claim:' .. name)
  redis.call('SET', KEYS[1] .. ':tag:' .. name, now, 'XX', 'KEEPTTL')
end
return 0`,
)

type Claim = { readonly token: string; readonly asOf: string; readonly base: string }

/** In Redis: shared by all processes that host the service. */
export function redisCache({
  redis,
  service,
  counts,
  random = Math.random,
}: {
  redis: Redis
  service: string
  counts?: Readonly<Record<CacheResult, () => void>>
  random?: () => number
}): Cache {
  /** By key: what runs in this process since the last drop. */
  const flights = new Map<string, Promise<unknown>>()
  /** Drops that Redis has not heard yet, and those of them that it is being told again. */
  let pending = new Set<string>()
  let telling = false
  let repeating: NodeJS.Timeout | undefined
  /** What is kept there may be old by what we know: it is not believed, and nothing is put there. */
  const isBehind = () => telling || pending.size > 0
  // All keys of a service lie in one slot: a script meets several.
  const base = () => redis.keyOfThisLife(`cache:{${service}}`)

  /** The value; or a claim on its load; or undefined when Redis does not help. Waits for another's load, bounded. */
  const look = async (name: string): Promise<Buffer | Claim | undefined> => {
    const token = randomBytes(9).toString('base64url')
    const until = performance.now() + WAIT_MS
    for (let pauseMs = FIRST_LOOK_MS; redis.isUp() && !isBehind(); pauseMs *= 2) {
      const asked = base()
      const reply = await redis.run(LOOK, [asked], [name, token], { asBytes: true }).catch(() => undefined)
      if (Buffer.isBuffer(reply)) return reply
      if (Array.isArray(reply)) return { token, asOf: String(reply[0]), base: asked }
      if (reply === undefined || performance.now() > until) return undefined
      await sleep(Math.min(pauseMs, LAST_LOOK_MS))
    }
    return undefined
  }

  /** Ends a claim, with the value or without one. */
  const end = (
    claim: Claim,
    name: string,
    kept?: { payload: Buffer; ttlMs: number; tags: string[] },
  ): void => {
    // In another life nothing is known of the claim, and in ours a drop may not have been heard.
    if (!redis.isUp() || isBehind() || claim.base !== base()) return
    const { payload, ttlMs, tags } = kept ?? { payload: '', ttlMs: 0, tags: [] }
    const args = [name, claim.token, claim.asOf, ttlMs, ttlMs + TAG_EXTRA_MS, payload, ...tags]
    redis.run(KEEP, [claim.base], args).catch(() => {})
  }

  const load = async <T>(name: string, options: CacheOptions<T>, loadOne: () => Promise<T>): Promise<T> => {
    const found = await look(name)
    if (Buffer.isBuffer(found)) {
      counts?.hit()
      return decode(found) as T
    }
    if (found) counts?.miss()
    else counts?.bypass()
    let value: T
    let json: string | undefined
    try {
      value = await loadOne()
      json = typeof value === 'string' ? undefined : JSON.stringify(value)
      if (json !== undefined) value = JSON.parse(json)
    } catch (error) {
      if (found) end(found, name)
      throw error
    }
    if (found) {
      const tags = [ALL, ...new Set(options.tags?.(value))].map(shorten)
      const ttlMs = ttlMsOf(options, value, random)
      const payload =
        value === undefined || ttlMs <= 0 || tags.length > MAX_TAGS + 1 ? undefined : encode(value, json)
      if (payload && payload.length <= MAX_VALUE_BYTES) end(found, name, { payload, ttlMs, tags })
      else end(found, name)
    }
    return value
  }

  const remember = (names: Iterable<string>): void => {
    for (const name of names) pending.add(name)
    if (pending.size > MAX_PENDING) pending = new Set([ALL])
    repeating ??= setTimeout(repeat, REPEAT_EVERY_MS).unref()
  }
  const repeat = async (): Promise<void> => {
    const names = [...pending]
    pending = new Set()
    telling = true
    try {
      await tell(names)
      repeating = undefined
      if (pending.size > 0) remember([])
    } catch {
      repeating = undefined
      remember(names)
    } finally {
      telling = false
    }
  }
  const tell = async (names: readonly string[]): Promise<void> => {
    const pages = []
    for (let at = 0; at < names.length; at += MAX_NAMES)
      pages.push(redis.run(DROP, [base()], names.slice(at, at + MAX_NAMES), { inOrder: true }))
    await Promise.all(pages)
  }

  return {
    get<T>(key: string, options: CacheOptions<T>, loadOne: () => Promise<T>): Promise<T> {
      const name = shorten(key)
      const flight = flights.get(name)
      if (flight) {
        counts?.joined()
        return flight as Promise<T>
      }
      const value = load(name, options, loadOne)
      flights.set(name, value)
      const landed = () => {
        if (flights.get(name) === value) flights.delete(name)
      }
      value.then(landed, landed)
      return value
    },
    async drop(...given) {
      if (given.length === 0) return
      const names = given.map(shorten)
      flights.clear()
      if (isBehind()) return remember(names)
      try {
        // Whoever asks after this asks on the same connection, and is answered after it.
        await tell(names)
      } catch {
        // Not heard, or not known to be.
        remember(names)
      }
    },
  }
}

/** Names stand in lines; long ones would be most of what is kept. */
const shorten = (name: string): string =>
  name.length <= MAX_NAME && !name.includes('\n')
    ? name
    : `sha256:${createHash('sha256').update(name).digest('base64url')}`

/** The first byte says what follows: text, JSON, or either compressed. */
function encode(value: unknown, json: string | undefined): Buffer {
  const plain = Buffer.from(json === undefined ? `t${value}` : `j${json}`)
  if (plain.length < COMPRESSED_BYTES) return plain
  return Buffer.concat([Buffer.from('z'), zstdCompressSync(plain)])
}

function decode(payload: Buffer): unknown {
  const plain = payload[0] === 0x7a ? zstdDecompressSync(payload.subarray(1)) : payload
  const text = plain.toString('utf8', 1)
  return plain[0] === 0x74 ? text : JSON.parse(text)
}
