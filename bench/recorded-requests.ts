import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'

/** One request as it was sent. */
export type Sent = {
  readonly method: 'POST' | 'PUT'
  readonly path: string
  readonly type: string
  readonly body: string
}

/** Stands before a server and writes down what is asked of it with `POST`: the floor follows what it measures. */
export async function recordRequests(url: string) {
  const server = bareClient(url)
  let requests: Sent[] | undefined
  const recorder = createServer((request, response) => {
    const forward = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks)
      const { method = 'GET', url: path = '/' } = request
      const type = request.headers['content-type'] ?? 'application/json'
      if (requests && method === 'POST') requests.push({ method, path, type, body: body.toString() })
      const answer = await server.request({
        method: method as 'GET',
        path,
        headers: { 'content-type': type },
        ...(body.length > 0 && { body }),
      })
      response.writeHead(answer.statusCode, {
        'content-type': String(answer.headers['content-type'] ?? 'application/json'),
      })
      response.end(Buffer.from(await answer.body.arrayBuffer()))
    }
    forward().catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`,
    /** What `work` asks, in order. */
    during: async (work: () => Promise<unknown>): Promise<Sent[]> => {
      requests = []
      await work()
      const its = requests
      requests = undefined
      return its
    },
    [Symbol.asyncDispose]: async () => {
      recorder.closeAllConnections()
      await new Promise((resolve) => recorder.close(resolve))
      await server.close()
    },
  }
}

export const bareClient = (url: string): Pool => new Pool(new URL(url).origin, { connections: 4 })

/** Asks once more, and reads the answer without looking into it. */
export async function send(client: Pool, { method, path, type, body }: Sent): Promise<void> {
  const answer = await client.request({ method, path, headers: { 'content-type': type }, body })
  const text = await answer.body.text()
  if (answer.statusCode >= 300)
    throw new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`)
}
