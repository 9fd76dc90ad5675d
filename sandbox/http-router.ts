import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** What a handler says. `null` means that it has dealt with the socket itself (a fault on demand). */
export type Answer = { status: number; headers?: Record<string, string>; body?: string | Buffer }

export type Request = {
  method: string
  /** Decoded path without the query. */
  path: string
  /** What follows the `?`, still encoded. */
  query: string
  params: Record<string, string>
  headers: IncomingHttpHeaders
  body: Buffer
  response: ServerResponse
}

export type Handler = (request: Request) => Answer | null | Promise<Answer | null>

/** `pattern` is a path whose segments may be `:name`; a last segment `*` takes the rest. */
export type Route = { method: string; pattern: string; handler: Handler }

/** No request that we understand comes near this; more is answered with 413. */
export const MAX_BODY_BYTES = 1024 * 1024

export function createRouter(routes: Route[]): (raw: IncomingMessage, response: ServerResponse) => void {
  const compiled = routes.map((route) => ({ ...route, segments: split(route.pattern) }))

  async function answer(raw: IncomingMessage, response: ServerResponse): Promise<Answer | null> {
    const body = await readBody(raw)
    if (body === null) return json({ error: 'The body is larger than 1 MiB.' }, 413)
    const [rawPath = '/', query = ''] = cut(raw.url ?? '/')
    const path = decode(rawPath)
    if (path === null) return json({ error: 'The path is not valid percent-encoding.' }, 400)
    const method = raw.method ?? 'GET'
    const segments = split(path)
    let pathKnown = false
    for (const route of compiled) {
      const params = match(route.segments, segments)
      if (params === null) continue
      pathKnown = true
      if (route.method !== '*' && route.method !== method && !(method === 'HEAD' && route.method === 'GET'))
        continue
      return route.handler({ method, path, query, params, headers: raw.headers, body, response })
    }
    return pathKnown
      ? json({ error: `${method} is not served here.` }, 405)
      : json({ error: 'Nothing lives at this address.' }, 404)
  }

  return (raw, response) => {
    answer(raw, response).then(
      (said) => {
        if (said !== null) send(response, said)
      },
      (error: unknown) => {
        if (response.destroyed) return
        process.stderr.write(
          `${raw.method} ${raw.url}: ${error instanceof Error ? error.stack : String(error)}\n`,
        )
        send(response, json({ error: 'The sandbox itself failed; its log says why.' }, 500))
      },
    )
  }
}

export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** A control call's JSON body as an object; an empty body is `{}`; `null` when it is anything else. */
export function readJson(body: Buffer): Record<string, unknown> | null {
  if (body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  if (response.destroyed || response.headersSent) return
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  response.writeHead(status, { ...headers, 'content-length': String(bytes.length) })
  response.end(bytes)
}

/** `null` when the body passes the bound; the rest of it is read and thrown away, so that the client hears our answer. */
async function readBody(raw: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of raw) {
    size += (chunk as Buffer).length
    if (size <= MAX_BODY_BYTES) chunks.push(chunk as Buffer)
    else chunks.length = 0
  }
  return size > MAX_BODY_BYTES ? null : Buffer.concat(chunks)
}

function cut(url: string): [string, string] {
  const at = url.indexOf('?')
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function split(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function match(pattern: string[], segments: string[]): Record<string, string> | null {
  const rest = pattern.at(-1) === '*'
  if (rest ? segments.length < pattern.length - 1 : segments.length !== pattern.length) return null
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    if (part === '*') break
    const segment = segments[index] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = segment
    else if (part !== segment) return null
  }
  return params
}
