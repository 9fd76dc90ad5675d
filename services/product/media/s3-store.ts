import { createHash } from 'node:crypto'
import { Rejection } from '@stoa/contract'
import { AwsClient } from 'aws4fetch'
import type { MediaStore } from './store.ts'

export type S3Options = {
  /** The bucket's address: `https://s3.eu-central-1.amazonaws.com/pictures`, or `s3://pictures` at AWS; a path may follow. */
  readonly url: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** One answer, the largest original included. */
const TIMEOUT_MS = 10_000
/** Until an answer begins to what carries no picture: a store that accepts and says nothing is not available before the caller gives up. */
const SILENT_MS = 4_000
/** Beyond the first try, with growing pauses from 100 ms on: what S3 asks for when it answers 500 or 503. */
const RETRIES = 2

/**
 * Pictures in a bucket of S3 or of a store that speaks its protocol. The credentials need GetObject, PutObject, DeleteObject and, so
 * that what is missing is told from what is forbidden, ListBucket.
 */
export function s3Store({ url, region, sessionToken, ...keys }: S3Options): MediaStore {
  const base = bucketAddress(url, region)
  const client = new AwsClient({
    ...keys,
    ...(sessionToken && { sessionToken }),
    region,
    service: 's3',
    retries: RETRIES,
    initRetryMs: 100,
  })

  const ask = async (method: string, path: string, body?: Uint8Array): Promise<Answered> => {
    let failure: unknown
    // The library repeats what was answered with 500; a connection that breaks it leaves to us. Each of these may be repeated.
    for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
      try {
        return await inTime(body ? TIMEOUT_MS : SILENT_MS, async (signal, begun) => {
          const response = await client.fetch(`${base}/${path}`, {
            method,
            signal,
            headers: { 'x-amz-content-sha256': sha256(body ?? '') },
            ...(body && { body: body as Uint8Array<ArrayBuffer> }),
          })
          begun()
          return {
            ok: response.ok,
            status: response.status,
            bytes: Buffer.from(await response.arrayBuffer()),
          }
        })
      } catch (error) {
        failure = error
        if ((error as Error).name === 'TimeoutError') break
      }
    }
    throw unavailable(failure)
  }
  const refused = (method: string, { status, bytes }: Answered) =>
    unavailable(new Error(`S3 answered ${method} with ${status}: ${String(bytes).slice(0, 500)}`))

  const get = async (path: string): Promise<Buffer | undefined> => {
    const answered = await ask('GET', path)
    if (answered.ok) return answered.bytes
    // A bucket that is not there, or a key that nobody knows (404 at some servers), has not lost a picture: the configuration is wrong.
    if (answered.status !== 404 || !answered.bytes.includes('<Code>NoSuchKey<'))
      throw refused('GET', answered)
    return undefined
  }

  return {
    put: async (path, bytes) => {
      const answered = await ask('PUT', path, bytes)
      if (!answered.ok) throw refused('PUT', answered)
    },
    get,
    has: async (path) => {
      const answered = await ask('HEAD', path)
      if (answered.ok) return true
      // An answer to HEAD has no text that says what is not there.
      if (answered.status === 404) return (await get(path)) !== undefined
      throw refused('HEAD', answered)
    },
    delete: async (path) => {
      const answered = await ask('DELETE', path)
      if (!answered.ok) throw refused('DELETE', answered)
    },
  }
}

type Answered = { readonly ok: boolean; readonly status: number; readonly bytes: Buffer }

/**
 * What `work` answers, begun within `silentMs` and whole within `TIMEOUT_MS`. The signal alone does not do: `fetch` of a `Request`, which is what
 * the library makes, may not hear of it after a garbage collection (https://github.com/nodejs/undici/issues/4068).
 */
async function inTime<T>(
  silentMs: number,
  work: (signal: AbortSignal, begun: () => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const late = Promise.withResolvers<never>()
  const giveUp = () => {
    const error = new DOMException('no answer in time', 'TimeoutError')
    late.reject(error)
    controller.abort(error)
  }
  const silent = setTimeout(giveUp, silentMs)
  const whole = setTimeout(giveUp, TIMEOUT_MS)
  try {
    return await Promise.race([work(controller.signal, () => clearTimeout(silent)), late.promise])
  } finally {
    clearTimeout(silent)
    clearTimeout(whole)
  }
}

function bucketAddress(text: string, region: string): string {
  const url = new URL(text)
  const path = url.pathname.replace(/\/+$/, '')
  if (url.protocol !== 's3:') return `${url.origin}${path}`
  // Virtual-hosted addresses have no certificate for names with dots; path-style serves every bucket.
  return `https://s3.${region}.amazonaws.com/${url.host}${path}`
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

const unavailable = (cause: unknown) => Object.assign(new Rejection('UNAVAILABLE'), { cause })
