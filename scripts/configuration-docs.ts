import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostConfig, loadServices } from '@stoa/host'
import { type ConfigSpec, processConfig, type Setting } from '@stoa/runtime'
import { z } from 'zod'

/** Writes docs/configuration.md from what the code reads (`--write`), or fails when it says something else. */
const page = join(import.meta.dirname, '../docs/configuration.md')

const text = [
  '# Configuration',
  '',
  'Every setting that Stoa reads, once, when a process starts. Nothing else changes what it does: there are no modes,',
  'and the presence of an address selects the adapter. A value that is not valid stops the start with a sentence that',
  'names it. An empty value counts as absent.',
  '',
  '<!-- Generated from the code: npm run check -- --write -->',
  '',
  ...section('Where a process runs', hostConfig),
  '',
  ...section('What every process reads', without(processConfig, hostConfig)),
  '| `<SERVICE>_URL` | absent | addresses, by comma | Where a service is that this process does not host: `ORDER_URL`. Several: its replicas. |',
  '| `<SERVICE>_DATABASE_URL` | `DATABASE_URL` | an address | The database of one service alone: `ORDER_DATABASE_URL`. |',
  '',
  ...(await loadServices()).flatMap(({ contract, config }) =>
    Object.keys(config).length > 0 ? [...section(`The ${contract.name} service`, config), ''] : [],
  ),
].join('\n')

if (process.argv.includes('--write')) writeFileSync(page, text)
else if (read() !== text) {
  console.error(
    'docs/configuration.md does not say what the code reads. To write it: npm run check -- --write',
  )
  process.exitCode = 1
}

function section(title: string, spec: ConfigSpec): string[] {
  const rows = Object.values(spec).map(
    (setting) =>
      `| \`${setting.env}\` | ${byDefault(setting)} | ${values(setting)} | ${setting.description.replaceAll('|', '\\|')} |`,
  )
  return [`## ${title}`, '', '| variable | default | values | what it does |', '|---|---|---|---|', ...rows]
}

/** A variable is explained once. */
function without(spec: ConfigSpec, told: ConfigSpec): ConfigSpec {
  const names = new Set(Object.values(told).map(({ env }) => env))
  return Object.fromEntries(Object.entries(spec).filter(([, { env }]) => !names.has(env)))
}

function byDefault({ schema }: Setting): string {
  const read = schema.safeParse(undefined)
  if (!read.success) return '**required**'
  return read.data === undefined ? 'absent' : `\`${String(read.data)}\``
}

function values({ schema }: Setting): string {
  const json = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })
  if (json.description) return json.description
  if (json.enum) return json.enum.map((value) => `\`${value}\``).join(', ')
  if (json.type === 'integer' || json.type === 'number') {
    const { minimum, maximum } = json
    return minimum === undefined || maximum === undefined ? 'a number' : `${minimum} to ${maximum}`
  }
  if (json.type === 'boolean') return '`true`, `false`'
  if (json.format === 'uri') return 'an address'
  return json.minLength && json.minLength > 1 ? `text of at least ${json.minLength} characters` : 'text'
}

function read(): string | undefined {
  try {
    return readFileSync(page, 'utf8')
  } catch {
    return
  }
}
