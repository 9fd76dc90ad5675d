import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Engine, firstAnswer } from './engine.ts'
import { systemProgram } from './programs.ts'

export const redis: Engine = {
  name: 'redis',
  ports: 1,
  readyWithinMs: 60_000,
  environment: ({ ports }) => ({ REDIS_URL: `redis://127.0.0.1:${ports[0]}` }),
  async prepare({ directory, ports }) {
    const program = await systemProgram('redis-server', 'redis-server')
    const settings = join(directory, 'redis.conf')
    await writeFile(
      settings,
      [
        'bind 127.0.0.1',
        `port ${ports[0]}`,
        `dir ${JSON.stringify(directory)}`,
        // What is only here (a rate, a marker of a session) outlives a restart, up to its last second.
        'appendonly yes',
        'appendfsync everysec',
        'save ""',
        'maxmemory 256mb',
        'maxmemory-policy volatile-lru',
        '',
      ].join('\n'),
    )
    return { program, arguments: [settings] }
  },
  /** While it reads its file it answers -LOADING. */
  async check({ ports }) {
    const answer = await firstAnswer(ports[0]!, 'PING\r\n')
    if (!answer.toString().startsWith('+PONG')) throw new Error(`Redis answered ${answer}`)
  },
}
