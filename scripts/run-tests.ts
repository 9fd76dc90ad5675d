import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { availableParallelism, constants } from 'node:os'
import { join, sep } from 'node:path'
import { startEmbeddedPostgres } from '@stoa/runtime/embedded-postgres'
import { isAlive } from '@stoa/runtime/process-identity'
import { testSettings } from '@stoa/testing/test-server'

export type TestRun = {
  /** Files or folders, and options of `node --test`. None is everything. */
  arguments: string[]
  /** How the names of the files end. */
  suffix?: string
  environment?: Record<string, string>
  /** How many files at once. Tests wait for PostgreSQL and for timers half of their time: two at least, even on one core. */
  filesAtOnce?: number
  /** For one that hangs, so that it is named. Holds for each test and each hook; a file that hangs is ended with the run. */
  testWithinMs: number
  /** For a run that hangs: what still runs then is ended, and the run has failed. Ends before what runs it, where that says when (`STEP_ENDS_AT`). */
  withinMs: number
}

const root = join(import.meta.dirname, '..')

/**
 * Runs tests against a PostgreSQL of this run's own, which is new and is gone afterwards; two runs in one tree do not
 * meet. Answers the exit code: 0 when all passed, 130 after Ctrl-C.
 */
export async function runTests(run: TestRun): Promise<number> {
  const options = run.arguments.filter((argument) => argument.startsWith('-'))
  const wanted = run.arguments.filter((argument) => !argument.startsWith('-'))
  const files = findTests(wanted).filter((file) => file.endsWith(run.suffix ?? '.test.ts'))
  if (files.length === 0) {
    console.error(`No test file matches ${run.arguments.join(' ')}`)
    return 1
  }
  const stopped = Promise.withResolvers<NodeJS.Signals>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopped.resolve)

  const server = await startServer()
  try {
    return await runFiles(
      { ...run, files, options, stopped: stopped.promise },
      { ...process.env, ...run.environment, TEST_POSTGRES_URL: server.url },
    )
  } finally {
    await server.stop()
  }
}

/** Every test file, or those in the given folders. `bench` measures; it does not test. */
function findTests(wanted: string[]): string[] {
  const all = globSync('**/*.test.ts', {
    cwd: root,
    exclude: (name) => ['node_modules', '.data', '.git', 'bench'].includes(name),
  }).map((file) => file.split(sep).join('/'))
  const within = (file: string, place: string) => file === place || file.startsWith(`${place}/`)
  const places = wanted.map((place) => place.replace(/^\.\//, '').replace(/\/$/, ''))
  return all.filter((file) => places.length === 0 || places.some((place) => within(file, place))).sort()
}

async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  if (process.env.TEST_POSTGRES_URL) return { url: process.env.TEST_POSTGRES_URL, stop: async () => {} }
  const runs = join(root, '.data/test-postgres')
  await removeLeftovers(runs)
  const dataDirectory = join(runs, `run-${process.pid}`)
  const server = await startEmbeddedPostgres({ dataDirectory, settings: testSettings, log: console.error })
  return {
    url: server.url,
    async stop() {
      await server.stop()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

/** A run that was killed with kill -9 could not stop its server, nor remove what it held. */
async function removeLeftovers(runs: string) {
  await mkdir(runs, { recursive: true })
  for (const name of await readdir(runs)) {
    const pid = Number(/^run-(\d+)$/.exec(name)?.[1])
    if (!pid || isAlive(pid)) continue
    const dataDirectory = join(runs, name)
    // Owning it is the way to stop it, whatever state it is in.
    await startEmbeddedPostgres({ dataDirectory, settings: testSettings })
      .then((server) => server.stop())
      .catch(() => {})
    await rm(dataDirectory, { recursive: true, force: true })
  }
}

type Files = TestRun & { files: string[]; options: string[]; stopped: Promise<NodeJS.Signals> }

async function runFiles(run: Files, environment: NodeJS.ProcessEnv): Promise<number> {
  const runner = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${run.filesAtOnce ?? Math.max(2, availableParallelism())}`,
      `--test-timeout=${run.testWithinMs}`,
      ...run.options,
      ...run.files,
    ],
    { cwd: root, stdio: 'inherit', env: environment },
  )
  const ended = new Promise<number>((resolve, reject) => {
    runner.once('error', reject)
    runner.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
  const withinMs = Math.min(run.withinMs, stepLeftMs())
  const timer = setTimeout(() => {
    console.error(`✖ the tests did not end within ${Number((withinMs / 60_000).toFixed(1))} minutes`)
    stopRunner()
  }, withinMs)
  let exitCode: number | undefined
  // Of its own accord it says what it had done so far; a file that does not listen is ended with it.
  const stopRunner = () => {
    exitCode ??= 1
    runner.kill('SIGINT')
    setTimeout(() => runner.kill('SIGKILL'), 5_000).unref()
  }
  void run.stopped.then((signal) => {
    exitCode = 128 + constants.signals[signal]
    stopRunner()
  })
  try {
    const code = await ended
    return exitCode ?? code
  } finally {
    clearTimeout(timer)
  }
}

/** Who runs this ends it then, and could not say what hung: in seconds since 1970. What comes after the tests takes some of it. */
function stepLeftMs(): number {
  const endsAt = Number(process.env.STEP_ENDS_AT) || Number.POSITIVE_INFINITY
  return Math.max(1, endsAt * 1_000 - Date.now() - AFTER_THE_TESTS_MS)
}

const AFTER_THE_TESTS_MS = 45_000
