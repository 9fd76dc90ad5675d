import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import pg from 'pg'
import { checkout, checkoutProfile } from './checkout.ts'
import { stopChildren } from './child.ts'
import { chooseSections } from './choose-sections.ts'
import { importing } from './import.ts'
import { kafka } from './kafka.ts'
import { opensearch } from './opensearch.ts'
import { cpuMs, machineCpuMs } from './process-use.ts'
import { productCached, productCachedProfile, productProfile, productReads } from './product-reads.ts'
import { reactions } from './reactions.ts'
import { rendition } from './rendition.ts'
import { reservations } from './reservations.ts'
import { search } from './search.ts'
import { searchEngines } from './search-engines.ts'
import type { Bench, BenchDatabase, Figure, Section } from './section.ts'
import { gatewayOverhead, topology, topologyProfile } from './topology.ts'

/** `npm run bench`: all figures. `npm run bench -- product checkout`: these sections alone. README.md says what each means. */
const sections: readonly Section[] = [
  productReads,
  importing,
  productCached,
  checkout,
  topology,
  gatewayOverhead,
  reservations,
  reactions,
  search,
  rendition,
  checkoutProfile,
  topologyProfile,
  productProfile,
  productCachedProfile,
  searchEngines,
  kafka,
  opensearch,
]

const names = process.argv.slice(2)
const unknown = names.filter((name) => !sections.some((section) => section.name === name))
if (unknown.length > 0) {
  console.error(
    `There is no section ${unknown.join(', ')}; there are ${sections.map(({ name }) => name).join(', ')}.`,
  )
  process.exit(2)
}
if (process.platform !== 'linux') {
  console.error('The bench reads what processes use from /proc, which only Linux has.')
  process.exit(2)
}

const { run, leftOut } = chooseSections(sections, names, process.env)
const startedAt = performance.now()
const machineBefore = machineCpuMs()
const postgres = await startEmbeddedPostgres({
  dataDirectory: join(import.meta.dirname, '../.data/bench'),
  log: say,
})
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interrupted = true
    void stopChildren()
      .then(() => postgres.stop())
      .finally(() => process.exit(130))
  })
}
try {
  if (!postgres.owner) throw new Error('Another bench is running, and two would measure each other.')
  const figures = await measure(postgres)
  if (figures.length > 0) console.log(`\n${table(figures)}\n\n${company()}`)
  for (const { name, why } of leftOut) console.log(`Left out: ${name}: ${why}`)
} catch (error) {
  if (!interrupted) console.error(error)
  process.exitCode = 1
} finally {
  await stopChildren()
  await postgres.stop()
}

async function measure(postgres: EmbeddedPostgres): Promise<Figure[]> {
  const bench: Bench = {
    postgresPid: postgres.pid,
    createDatabase: (name) => createDatabase(postgres.url, `bench_${name}`),
    say,
  }
  const figures: Figure[] = []
  for (const section of run) {
    say(section.name)
    const startedAt = performance.now()
    try {
      figures.push(...(await section.run(bench)))
    } catch (error) {
      if (interrupted) throw error
      console.error(error)
      process.exitCode = 1
      figures.push({ name: section.name, measured: 'failed', wanted: 'to run', ok: false })
    }
    say(`${section.name} took ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
  }
  return figures
}

/** Whether the rates can be believed. PostgreSQL is a child of ours, and what ended was waited for. */
function company(): string {
  const capacityMs = (performance.now() - startedAt) * availableParallelism()
  const otherMs = machineCpuMs() - machineBefore - cpuMs(process.pid)
  return `Other programs used ${Math.max(0, Math.round((100 * otherMs) / capacityMs))} % of this machine meanwhile.`
}

/** An empty database, gone with its end; one that an interrupted run has left makes room. */
async function createDatabase(serverUrl: string, name: string): Promise<BenchDatabase> {
  const run = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: serverUrl })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await run(`drop database if exists ${name} with (force)`, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => run(`drop database if exists ${name} with (force)`),
  }
}

function say(line: string): void {
  console.error(`- ${line}`)
}

function table(figures: readonly Figure[]): string {
  const rows = [
    ['', 'wanted', 'measured', ''],
    ...figures.map(({ name, wanted = '', measured, ok }) => [
      name,
      wanted,
      measured,
      ok === undefined ? '' : ok ? 'ok' : 'MISS',
    ]),
  ]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
