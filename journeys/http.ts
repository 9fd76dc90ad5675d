/** An answer of the public API. */
export type Reply<Body = any> = {
  readonly status: number
  readonly body: Body
  /** What came when it was neither JSON nor text. */
  readonly bytes?: Buffer
  readonly headers: Headers
}

export type RequestOptions = {
  readonly body?: unknown
  readonly token?: string | undefined
  readonly cartToken?: string | undefined
  readonly orderToken?: string | undefined
  readonly key?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** Longer than any deadline of the platform's: a test never hangs on a socket. */
const TIMEOUT_MS = 30_000

/** Speaks to the public port as any client would. Addresses take turns, as behind a load balancer. */
export class Http {
  readonly #addresses: readonly string[]
  #turn = 0

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses
  }

  // biome-ignore lint/suspicious/noExplicitAny: a journey looks at what it expects
  async send(method: string, path: string, options: RequestOptions = {}): Promise<Reply<any>> {
    const address = this.#addresses[this.#turn++ % this.#addresses.length]
    const headers: Record<string, string> = { ...options.headers }
    if (options.body !== undefined) headers['content-type'] ??= 'application/json'
    if (options.token) headers.authorization = `Bearer ${options.token}`
    if (options.cartToken) headers['cart-token'] = options.cartToken
    if (options.orderToken) headers['order-token'] = options.orderToken
    if (options.key) headers['idempotency-key'] = options.key
    const response = await fetch(`${address}${path}`, {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'manual',
      ...(options.body === undefined
        ? {}
        : { body: isSentAsIs(options.body) ? options.body : JSON.stringify(options.body) }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const json = /json/.test(response.headers.get('content-type') ?? '')
    const text = bytes.toString()
    return {
      status: response.status,
      body: json && text ? JSON.parse(text) : text,
      bytes,
      headers: response.headers,
    }
  }

  get(path: string, options?: RequestOptions) {
    return this.send('GET', path, options)
  }

  post(path: string, body: unknown, options: RequestOptions = {}) {
    return this.send('POST', path, { ...options, body })
  }
}

const isSentAsIs = (body: unknown): body is string | Uint8Array<ArrayBuffer> =>
  typeof body === 'string' || body instanceof Uint8Array
