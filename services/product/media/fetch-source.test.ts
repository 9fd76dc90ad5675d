import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { isPublic, openSources } from './fetch-source.ts'

const gone = (message: RegExp) => ({ name: 'SourceFault', kind: 'gone', message })
const silent = { name: 'SourceFault', kind: 'silent' }

describe('an address', () => {
  it('is public when everybody may be meant by it', () => {
    for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700:4700::1111'])
      assert.ok(isPublic(address), address)
  })

  it('is not public when it is ours, nobody’s, or may stand for such a one', () => {
    const addresses = [
      '127.0.0.1 127.255.255.254 0.0.0.0 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1',
      '192.0.2.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255',
      ':: ::1 fe80::1 fc00::1 fd12::1 ff02::1 2001:db8::1',
      '::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 ::10.0.0.1 64:ff9b::7f00:1 64:ff9b:1::7f00:1 2002:7f00:1:: 2001:0:1::1 4000::1',
      'localhost 127.1 nonsense',
    ]
    for (const address of addresses.join(' ').split(' ')) assert.ok(!isPublic(address), address)
  })
})

describe('a source', () => {
  let server: Server
  let origin: string
  let port: number
  let asked: string[] = []
  const answers: Record<string, RequestListener> = {
    '/picture': (_, response) => void response.end('bytes'),
    '/moved': (_, response) => void response.writeHead(302, { location: '/picture' }).end(),
    '/circle': (_, response) => void response.writeHead(302, { location: '/circle' }).end(),
    '/inside': (_, response) =>
      void response.writeHead(302, { location: `http://localhost:${port}/picture` }).end(),
    '/metadata': (_, response) =>
      void response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
    '/file': (_, response) => void response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
    '/password': (_, response) =>
      void response.writeHead(302, { location: `http://me:secret@127.0.0.1:${port}/picture` }).end(),
    '/missing': (_, response) => void response.writeHead(404).end('gone'),
    '/broken': (_, response) => void response.writeHead(502).end(),
    '/half': (request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
      setTimeout(() => request.socket.destroy(), 20)
    },
    '/large': (_, response) => {
      response.on('error', () => {})
      const block = Buffer.alloc(1024 * 1024)
      for (let n = 0; n < 20; n += 1) response.write(block)
      response.end()
    },
    '/bomb': (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 }))
    },
    '/slow': () => {},
    '/dripping': (_, response) => {
      const timer = setInterval(() => response.write('.'), 30)
      response.on('close', () => clearInterval(timer))
    },
  }
  before(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!)
      answers[request.url!]!(request, response)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    origin = `http://127.0.0.1:${port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  const fetch = async (url: string, trustedOrigins = [origin], timeoutMs = 10_000) => {
    asked = []
    await using sources = openSources({ trustedOrigins, timeoutMs })
    return String((await sources.fetch(url)).bytes)
  }

  it('is fetched, and followed to where it leads', async () => {
    assert.equal(await fetch(`${origin}/picture`), 'bytes')
    assert.equal(await fetch(`${origin}/moved`), 'bytes')
  })

  it('on a private address is not even asked, unless its origin is trusted', async () => {
    const addresses = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `0x7f.1:${port}`,
      `[::1]:${port}`,
      `[::ffff:127.0.0.1]:${port}`,
    ]
    for (const address of [...addresses, '10.0.0.1', '169.254.169.254', '[fd00::1]'])
      await assert.rejects(
        fetch(`http://${address}/picture`, []),
        gone(/^must be a public address$/),
        address,
      )
    // Another port of the same host is another origin.
    await assert.rejects(fetch(`http://127.0.0.1:${port + 1}/`), gone(/public/))
    assert.deepEqual(asked, [])
  })

  it('that leads to a private address, a file or a password is left there', async () => {
    await assert.rejects(fetch(`${origin}/inside`), gone(/^must be a public address$/))
    assert.deepEqual(asked, ['/inside'])
    await assert.rejects(fetch(`${origin}/metadata`), gone(/^must be a public address$/))
    await assert.rejects(fetch(`${origin}/file`), gone(/^must be http or https$/))
    await assert.rejects(fetch(`${origin}/password`), gone(/^must not have credentials$/))
  })

  it('that leads in a circle is followed three times', async () => {
    await assert.rejects(fetch(`${origin}/circle`), gone(/^leads on more than 3 times$/))
    assert.equal(asked.length, 4)
  })

  it('that is not there is gone, and one that fails is silent', async () => {
    await assert.rejects(fetch(`${origin}/missing`), gone(/^answered 404$/))
    for (const path of ['/broken', '/half', '/slow', '/dripping'])
      await assert.rejects(fetch(origin + path, [origin], 300), silent, path)
    await assert.rejects(fetch('http://127.0.0.1:1/', ['http://127.0.0.1:1']), silent)
    await assert.rejects(fetch('http://no-such-name.invalid/'), silent)
  })

  it('that is larger than a picture is not read to its end, packed or not', async () => {
    for (const path of ['/large', '/bomb'])
      await assert.rejects(fetch(origin + path), { name: 'PictureFault', message: 'must be at most 16 MiB' })
  })
})
