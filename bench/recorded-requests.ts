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

/** What was asked, in order, and how many requests were under way at once at most. */
export type Recording = { readonly sent: Sent[]; readonly atOnce: number }

/** Stands before a server and writes down what is asked of it with `POST`: the floor follows what it measures. */
export async function recordRequests(url: string) {
  const server = bareClient(url)
  let recording: { sent: Sent[]; atOnce: number } | undefined
  let underWay = 0
  const recorder = createServer((request, response) => {
    const forward = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const body = Buffer.concat(chunks)
      const { method = 'GET', url: path = '/' } = request
      const type = request.headers['content-type'] ?? 'application/json'
      const isPost = method === 'POST'
      if (isPost) underWay += 1
      if (recording && isPost) {
        recording.sent.push({ method, path, type, body: body.toString() })
        recording.atOnce = Math.max(recording.atOnce, underWay)
      }
      const answer = await server.request({
        method: method as 'GET',
        path,
        headers: { 'content-type': type },
        ...(body.length > 0 && { body }),
      })
      const answered = Buffer.from(await answer.body.arrayBuffer())
      if (isPost) underWay -= 1
      response.writeHead(answer.statusCode, {
        'content-type': String(answer.headers['content-type'] ?? 'application/json'),
      })
      response.end(answered)
    }
    forward().catch((error: unknown) => response.destroy(error as Error))
  })
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(recorder.address() as AddressInfo).port}`,
    /** What `work` asks. */
    during: async (work: () => Promise<unknown>): Promise<Recording> => {
      const its = { sent: [], atOnce: 0 }
      recording = its
      await work()
      recording = undefined
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
