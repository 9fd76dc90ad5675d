import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { freePort } from '@stoa/engines'
import { engineAddress, eventually } from '@stoa/testing'
import { type Line, openToxiproxy } from './toxiproxy.ts'

const toxiproxy = engineAddress('toxiproxy')

describe('a line through Toxiproxy', { skip: toxiproxy.skip }, () => {
  let server: Server
  let line: Line
  let port: number
  before(async () => {
    server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = await freePort()
    const { port: upstream } = server.address() as { port: number }
    line = await openToxiproxy(toxiproxy.address).line({
      name: `test-${port}`,
      listen: port,
      upstream: `127.0.0.1:${upstream}`,
    })
  })
  after(async () => {
    await line?.close()
    server?.close()
  })

  const connection = async () => {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return socket
  }
  const echo = async (socket: Socket, text: string) => {
    const began = performance.now()
    socket.write(text)
    const [data] = await once(socket, 'data')
    assert.equal(data.toString(), text)
    return performance.now() - began
  }

  test('passes on what is sent', async () => {
    const socket = await connection()
    await echo(socket, 'hello')
    socket.destroy()
  })

  test('is slow in both directions while it is poisoned so', async () => {
    const socket = await connection()
    await line.poison({ type: 'latency', attributes: { latency: 50 } })
    assert((await echo(socket, 'slow')) >= 95)
    await line.heal()
    await eventually(async () => assert((await echo(socket, 'quick')) < 95))
    socket.destroy()
  })

  test('keeps the connection while it is stalled, and what was sent meanwhile arrives after it is healed', async () => {
    const socket = await connection()
    await line.stall()
    const heard: string[] = []
    socket.on('data', (data) => {
      heard.push(String(data))
    })
    socket.write('one ')
    socket.write('two')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.deepEqual(heard, [])
    await line.heal()
    await eventually(() => assert.equal(heard.join(''), 'one two'))
    socket.destroy()
  })

  test('resets connections that are used', async () => {
    await line.poison({ type: 'reset_peer', attributes: { timeout: 0 } })
    const socket = await connection()
    socket.write('x')
    const [error] = await once(socket, 'error')
    assert.equal(error.code, 'ECONNRESET')
    await line.heal()
  })

  test('takes no connection while it is closed', async () => {
    await line.close()
    await assert.rejects(connection(), { code: 'ECONNREFUSED' })
    await line.open()
    const socket = await connection()
    await echo(socket, 'back')
    socket.destroy()
  })
})
