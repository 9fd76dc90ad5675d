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

  const ask = async (method: string, path: string, body?: Uint8Array): Promise<Response> => {
    let failure: unknown
    // The library repeats what was answered with 500; a connection that breaks it leaves to us. Each of these may be repeated.
    for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
      const silent = new AbortController()
      const timer = setTimeout(
        () => silent.abort(new DOMException(`no answer to ${method}`, 'TimeoutError')),
        body ? TIMEOUT_MS : SILENT_MS,
      )
      try {
        return await client.fetch(`${base}/${path}`, {
          method,
          signal: AbortSignal.any([silent.signal, AbortSignal.timeout(TIMEOUT_MS)]),
          headers: { 'x-amz-content-sha256': sha256(body ?? '') },
          ...(body && { body: body as Uint8Array<ArrayBuffer> }),
        })
      } catch (error) {
        failure = error
        if ((error as Error).name === 'TimeoutError') break
      } finally {
        clearTimeout(timer)
      }
    }
    throw unavailable(failure)
  }
  const refused = (method: string, response: Response, said: string) =>
    unavailable(new Error(`S3 answered ${method} with ${response.status}: ${said.slice(0, 500)}`))

  return {
    put: async (path, bytes) => {
      const response = await ask('PUT', path, bytes)
      if (!response.ok) throw refused('PUT', response, await text(response))
      await drain(response)
    },
    get: async (path) => {
      const response = await ask('GET', path)
      if (response.ok) return bytesOf(response)
      // A bucket that is not there has not lost a picture: its address is wrong.
      const said = await text(response)
      if (response.status !== 404 || said.includes('NoSuchBucket')) throw refused('GET', response, said)
      return undefined
    },
    has: async (path) => {
      const response = await ask('HEAD', path)
      await drain(response)
      if (response.ok) return true
      if (response.status === 404) return false
      throw refused('HEAD', response, '')
    },
    delete: async (path) => {
      const response = await ask('DELETE', path)
      if (!response.ok) throw refused('DELETE', response, await text(response))
      await drain(response)
    },
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

async function bytesOf(response: Response): Promise<Buffer> {
  try {
    return Buffer.from(await response.arrayBuffer())
  } catch (error) {
    throw unavailable(error)
  }
}

const text = (response: Response) => response.text().catch(() => '')

/** An answer that nobody reads holds its connection. */
const drain = (response: Response) => response.arrayBuffer().catch(() => {})
