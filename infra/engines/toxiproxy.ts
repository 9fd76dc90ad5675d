import type { Engine } from './engine.ts'
import { goProgram } from './programs.ts'

/** Stands between a client and an engine, and makes the line bad. What it proxies it learns over its HTTP API. */
export const toxiproxy: Engine = {
  name: 'toxiproxy',
  ports: 1,
  readyWithinMs: 60_000,
  environment: ({ ports }) => ({ TOXIPROXY_URL: `http://127.0.0.1:${ports[0]}` }),
  async prepare({ programs, ports }, { log }) {
    const program = await goProgram('toxiproxy', programs, log)
    return { program, arguments: ['-host', '127.0.0.1', '-port', String(ports[0])] }
  },
  async check({ ports }) {
    const version = await fetch(`http://127.0.0.1:${ports[0]}/version`, {
      signal: AbortSignal.timeout(2_000),
    })
    if (!version.ok) throw new Error(`Toxiproxy answered ${version.status}`)
  },
}
