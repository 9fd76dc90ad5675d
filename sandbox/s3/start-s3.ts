import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Credentials, signatureFault } from './signature.ts'

export type S3 = {
  /** The bucket's address, path-style. */
  readonly url: string
  readonly region: string
  readonly credentials: Credentials
  /** What lies in the bucket, by key. */
  readonly objects: ReadonlyMap<string, Buffer>
  /** What was asked so far, oldest first: `PUT originals/1`. */
  readonly requests: readonly string[]
  /** Answers so many requests from now on with this status; 0 cuts their connection. */
  readonly failNext: (count: number, status: 0 | 500 | 503) => void
  readonly stop: () => Promise<void>
}

const REGION = 'eu-central-1'
const BUCKET = 'pictures'
const CREDENTIALS = { accessKeyId: 'AKIASANDBOX', secretAccessKey: 'secret/of+the=sandbox' }
/** S3 takes 5 GB; no picture comes near this. */
const MAX_OBJECT_BYTES = 128 * 1024 * 1024

/** Remembered. */
const MAX_REQUESTS = 10_000

/**
 * One bucket that speaks the object part of S3's protocol: PUT, GET, HEAD and DELETE of objects, in memory, with each request's
 * signature and digest checked. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */
export async function startS3(): Promise<S3> {
  const objects = new Map<string, Buffer>()
  const requests: string[] = []
  let faults: { count: number; status: 0 | 500 | 503 } = { count: 0, status: 503 }

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await read(request)
    if (faults.count > 0) {
      faults.count -= 1
      if (faults.status === 0) return void request.socket.destroy()
      return refuse(response, faults.status, faults.status === 503 ? 'SlowDown' : 'InternalError')
    }
    if (!body) return refuse(response, 400, 'EntityTooLarge')
    const { method = '', url = '/', headers } = request
    const fault = signatureFault(
      { method, url, headers, body },
      { credentials: CREDENTIALS, region: REGION, now: new Date() },
    )
    if (fault) return refuse(response, fault === 'XAmzContentSHA256Mismatch' ? 400 : 403, fault)
    const [bucket, ...segments] = url.replace(/\?.*$/s, '').slice(1).split('/').map(decodeURIComponent)
    const key = segments.join('/')
    if (bucket !== BUCKET) return refuse(response, 404, 'NoSuchBucket')
    requests.push(`${method} ${key}`)
    if (requests.length > MAX_REQUESTS) requests.shift()
    if (key === '') return refuse(response, 405, 'MethodNotAllowed')
    const object = objects.get(key)
    switch (method) {
      case 'PUT':
        objects.set(key, body)
        return void response.writeHead(200, { etag: etagOf(body) }).end()
      case 'GET':
      case 'HEAD':
        if (!object) return refuse(response, 404, 'NoSuchKey')
        response.writeHead(200, { etag: etagOf(object), 'content-length': object.length })
        return void response.end(method === 'GET' ? object : undefined)
      case 'DELETE':
        objects.delete(key)
        return void response.writeHead(204).end()
      default:
        return refuse(response, 405, 'MethodNotAllowed')
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/${BUCKET}`,
    region: REGION,
    credentials: CREDENTIALS,
    objects,
    requests,
    failNext: (count, status) => {
      faults = { count, status }
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_OBJECT_BYTES) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' })
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`)
}

const etagOf = (object: Buffer) => `"${createHash('md5').update(object).digest('hex')}"`
