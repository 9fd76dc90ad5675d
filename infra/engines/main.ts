import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { EngineError, type EngineName, engineNames } from './engine.ts'
import { openEngines } from './engines.ts'

/**
 * `npm run engines -- up|down|status [engine...]`: Kafka, Redis, OpenSearch and others on this machine, without Docker. What the
 * environment has to be goes to the standard output, so that a shell can take it:
 * `eval "$(npm run -s engines -- up)"`. All else goes to the other one.
 */
const usage = `npm run engines -- up [engine...] [--toxiproxy] [--s3] [--port engine=number] [--directory path]
npm run engines -- down [engine...]
npm run engines -- status
engines: ${engineNames.join(', ')}`

const always: EngineName[] = ['kafka', 'redis', 'opensearch']
const tree = join(import.meta.dirname, '../..')

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof EngineError) && !(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS'))
    throw error
  console.error((error as Error).message)
  process.exitCode = 1
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      toxiproxy: { type: 'boolean', default: false },
      s3: { type: 'boolean', default: false },
      directory: { type: 'string', default: join(tree, '.data/engines') },
      port: { type: 'string', multiple: true, default: [] },
    },
  })
  const [command, ...names] = positionals
  const unknown = names.find((name) => !isEngine(name))
  if (unknown !== undefined) throw new EngineError(`${unknown} is not an engine.\n${usage}`)
  const wanted = names as EngineName[]
  // What `up` prints puts PgBouncer's address where the server's was.
  const databaseUrl = process.env.DATABASE_DIRECT_URL || process.env.DATABASE_URL || undefined
  const engines = openEngines({
    directory: values.directory,
    databaseUrl,
    ports: Object.fromEntries(values.port.map(wantedPort)),
    log: (line) => console.error(line),
  })
  if (command === 'up') {
    const some = wanted.length > 0 ? wanted : [...always, ...(databaseUrl ? (['pgbouncer'] as const) : [])]
    const besides = (['toxiproxy', 's3'] as const).filter((name) => values[name])
    const all = [...new Set([...some, ...besides])]
    show(await engines.up(all))
    if (wanted.length === 0 && !databaseUrl)
      console.error('PgBouncer is left out: it stands before a PostgreSQL, and DATABASE_URL names none.')
    return 0
  }
  if (command === 'down') {
    await engines.down(wanted.length > 0 ? wanted : undefined)
    return 0
  }
  if (command === 'status') {
    const all = await engines.status()
    for (const { name, running, ready, pid } of all)
      console.error(
        `${name}: ${ready ? `ready, process ${pid}` : running ? `process ${pid} does not answer` : 'not running'}`,
      )
    if (all.length === 0) console.error('No engine was ever started here: npm run engines -- up')
    show(Object.assign({}, ...all.filter(({ ready }) => ready).map(({ environment }) => environment)))
    return all.some(({ ready }) => ready) ? 0 : 1
  }
  console.error(usage)
  return 1
}

function show(environment: Record<string, string>) {
  for (const [name, value] of Object.entries(environment)) console.log(`export ${name}='${value}'`)
}

function wantedPort(text: string): [EngineName, number] {
  const [name = '', port = ''] = text.split('=')
  if (!isEngine(name) || !(Number(port) >= 1 && Number(port) <= 65_535))
    throw new EngineError(`--port ${text} is not <engine>=<1 to 65535>.\n${usage}`)
  return [name, Number(port)]
}

function isEngine(name: string): name is EngineName {
  return (engineNames as readonly string[]).includes(name)
}
