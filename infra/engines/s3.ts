import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine } from './engine.ts'
import { goProgram } from './programs.ts'

const region = 'us-east-1'
const accessKeyId = 'stoa'
const secretAccessKey = 'stoa-of-the-engines'
/** A limit that Go's collector works towards; the file system holds the objects. */
const memory = '128MiB'

/** The Versity S3 Gateway over a directory, with one bucket. It checks signatures: only who knows the secret is let in. */
export const s3: Engine = {
  name: 's3',
  ports: 1,
  readyWithinMs: 60_000,
  environment: ({ ports }) => ({
    S3_URL: `http://127.0.0.1:${ports[0]}/pictures`,
    S3_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  }),
  async prepare({ directory, programs, ports }, { log }) {
    const program = await goProgram('s3', programs, log)
    const [buckets, about] = [join(directory, 'buckets'), join(directory, 'about')]
    // A directory at the top is a bucket.
    await mkdir(join(buckets, 'pictures'), { recursive: true })
    await mkdir(about, { recursive: true })
    return {
      program,
      arguments: [
        ...['--port', `127.0.0.1:${ports[0]}`, '--region', region],
        ...['--keep-alive', '--quiet', '--health', '/health'],
        // What it knows about objects goes to files: not every file system has extended attributes.
        ...['posix', '--sidecar', about, buckets],
      ],
      environment: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, GOMEMLIMIT: memory },
    }
  },
  async check({ ports }) {
    const health = await fetch(`http://127.0.0.1:${ports[0]}/health`, { signal: AbortSignal.timeout(2_000) })
    if (!health.ok) throw new Error(`The S3 server answered ${health.status}`)
  },
}
