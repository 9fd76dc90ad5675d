import { spawn } from 'node:child_process'
import { chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { takeDirectoryLock } from '@stoa/runtime/directory-lock'
import { processIdentity } from '@stoa/runtime/process-identity'
import {
  type Engine,
  EngineError,
  type EngineName,
  type EngineOptions,
  freePort,
  isFree,
  type Place,
} from './engine.ts'
import { kafka } from './kafka.ts'
import { openSearch } from './opensearch.ts'
import { pgBouncer } from './pgbouncer.ts'
import { redis } from './redis.ts'
import { s3 } from './s3.ts'
import { toxiproxy } from './toxiproxy.ts'

const known: Record<EngineName, Engine> = {
  kafka,
  redis,
  opensearch: openSearch,
  pgbouncer: pgBouncer,
  toxiproxy,
  s3,
}

export type EnginesOptions = Omit<EngineOptions, 'log'> & {
  /** Holds their data, logs and process numbers. Each directory has engines of its own. */
  readonly directory: string
  /** Ports that somebody wants; else one that is free, and the same one the next time. */
  readonly ports?: Partial<Record<EngineName, number>>
  readonly log?: (line: string) => void
}

export type EngineStatus = {
  readonly name: EngineName
  readonly running: boolean
  /** Whether it answers now. */
  readonly ready: boolean
  readonly pid: number | undefined
  readonly environment: Readonly<Record<string, string>>
}

export type Engines = {
  /** Starts those that do not run, waits until all answer, and says what the environment has to be to use them. */
  up(names: readonly EngineName[]): Promise<Record<string, string>>
  /** Ends those that run; their data stays. */
  down(names?: readonly EngineName[]): Promise<void>
  /** kill -9. Resolves when it is gone. */
  kill(name: EngineName): Promise<void>
  status(): Promise<EngineStatus[]>
}

type State = { identity: string; pid: number; options: string }

const startedWaitMs = 50
const stopWithinMs = 30_000
const waitForOtherMs = 180_000

/**
 * The engines of one directory. They outlive who starts them, so that a shop can be started and stopped over them;
 * any number of processes may say `up` at once. Throws `EngineError` when an engine cannot run here.
 */
export function openEngines(options: EnginesOptions): Engines {
  const root = resolve(options.directory)
  const engineOptions: EngineOptions = { ...options, log: options.log ?? (() => {}) }

  async function up(names: readonly EngineName[]): Promise<Record<string, string>> {
    if (process.platform !== 'linux')
      throw new EngineError(
        'npm run engines needs Linux. Elsewhere: docker compose -f infra/compose.yaml up --wait',
      )
    return alone(root, async () => {
      const places: [Engine, Place][] = []
      const taken = new Set<number>()
      // One after the other, so that no two choose the same port.
      for (const name of names) {
        const engine = known[name]
        const place = await placeOf(engine, taken)
        places.push([engine, place])
        for (const port of place.ports) taken.add(port)
      }
      const started = await Promise.allSettled(places.map(([engine, place]) => start(engine, place)))
      const problems = started.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
      if (problems.length > 0) {
        const unexpected = problems.find((problem) => !(problem instanceof EngineError))
        throw unexpected ?? new EngineError(problems.map(({ message }) => message).join('\n'))
      }
      return Object.assign({}, ...places.map(([engine, place]) => engine.environment(place, engineOptions)))
    })
  }

  async function start(engine: Engine, place: Place) {
    const identity = engine.identity?.(engineOptions) ?? ''
    const state = await readState(place)
    if (state && isAlive(state)) {
      if (state.options === identity) return untilReady(engine, place, state)
      engineOptions.log(`${engine.name}: starting it anew, because it is wanted in another way`)
      await end(engine, place, state)
    }
    for (const port of place.ports) {
      if (!(await isFree(port)))
        throw new EngineError(
          `${engine.name}: port ${port} is taken by another program. End that program, or choose another port: npm run engines -- up --port ${engine.name}=<port>`,
        )
    }
    const launch = await engine.prepare(place, engineOptions)
    const output = await open(join(place.directory, 'output.log'), 'w')
    try {
      if (launch.user) await chown(place.directory, launch.user.uid, launch.user.gid)
      const child = spawn(launch.program, launch.arguments, {
        // In a session of its own: Ctrl-C is for who started it.
        detached: true,
        stdio: ['ignore', output.fd, output.fd],
        cwd: place.directory,
        env: { ...process.env, ...launch.environment },
        ...launch.user,
      })
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve)
        child.once('error', (cause) =>
          reject(new EngineError(`${engine.name}: ${launch.program} cannot be run: ${cause.message}`)),
        )
      })
      child.unref()
      const state = { identity: processIdentity(child.pid!) ?? '', pid: child.pid!, options: identity }
      await writeState(place, state)
      engineOptions.log(`${engine.name}: starting, process ${child.pid}`)
      const began = performance.now()
      await untilReady(engine, place, state)
      engineOptions.log(`${engine.name}: ready after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    } finally {
      await output.close()
    }
  }

  async function untilReady(engine: Engine, place: Place, state: State) {
    const deadline = performance.now() + engine.readyWithinMs
    for (;;) {
      const problem = await engine.check(place).then(
        () => undefined,
        (error: Error) => error,
      )
      if (!problem) return
      const gone = !isAlive(state)
      if (!gone && performance.now() < deadline) {
        await sleep(startedWaitMs)
        continue
      }
      const log = join(place.directory, 'output.log')
      const said = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-15).join('\n')
      if (!gone) await end(engine, place, state)
      throw new EngineError(
        `${engine.name} ${gone ? 'ended at its start' : `was not ready after ${engine.readyWithinMs / 1_000} s: ${problem.message}`}. The end of ${log}:\n${said}`,
      )
    }
  }

  async function end(engine: Engine, place: Place, state: State, signal: NodeJS.Signals = 'SIGTERM') {
    const deadline = performance.now() + stopWithinMs
    if (isAlive(state)) process.kill(state.pid, signal)
    while (isAlive(state)) {
      if (performance.now() > deadline) {
        engineOptions.log(
          `${engine.name}: did not end within ${stopWithinMs / 1_000} s, and is ended with kill -9`,
        )
        process.kill(state.pid, 'SIGKILL')
      }
      await sleep(startedWaitMs)
    }
    await rm(join(place.directory, 'process.json'), { force: true })
  }

  async function placeOf(engine: Engine, taken: ReadonlySet<number>): Promise<Place> {
    const directory = join(root, engine.name)
    await mkdir(directory, { recursive: true })
    const file = join(directory, 'ports.json')
    const before = await readJson<number[]>(file)
    const wanted = options.ports?.[engine.name]
    const { first, last } = engine.portRange ?? { first: 1, last: 65_535 }
    if (wanted !== undefined && (wanted < first || wanted > last))
      throw new EngineError(`${engine.name}: port ${wanted} is not between ${first} and ${last}.`)
    if (before && before.length === engine.ports && (wanted ?? before[0]) === before[0])
      return { directory, programs, ports: before }
    const ports: number[] = wanted ? [wanted] : []
    while (ports.length < engine.ports)
      ports.push(
        await freePort(new Set([...taken, ...ports]), ports.length === 0 ? engine.portRange : undefined),
      )
    await writeJson(file, ports)
    return { directory, programs, ports }
  }

  async function existing(
    name: EngineName,
  ): Promise<{ engine: Engine; place: Place; state: State | undefined } | undefined> {
    const directory = join(root, name)
    const ports = await readJson<number[]>(join(directory, 'ports.json'))
    if (!ports) return
    const place = { directory, programs, ports }
    return { engine: known[name], place, state: await readState(place) }
  }

  return {
    up,
    async down(names = Object.keys(known) as EngineName[]) {
      await alone(root, async () => {
        const found = (await Promise.all(names.map(existing))).filter((one) => one !== undefined)
        await Promise.all(
          found.map(async ({ engine, place, state }) => {
            if (!state || !isAlive(state)) return
            await end(engine, place, state)
            engineOptions.log(`${engine.name}: ended`)
          }),
        )
      })
    },
    async kill(name) {
      const found = await existing(name)
      if (found?.state) await end(found.engine, found.place, found.state, 'SIGKILL')
    },
    async status() {
      const found = (await Promise.all((Object.keys(known) as EngineName[]).map(existing))).filter(
        (one) => one !== undefined,
      )
      return Promise.all(
        found.map(async ({ engine, place, state }) => {
          const running = state !== undefined && isAlive(state)
          const ready =
            running &&
            (await engine.check(place).then(
              () => true,
              () => false,
            ))
          return {
            name: engine.name,
            running,
            ready,
            pid: running ? state.pid : undefined,
            environment: engine.environment(place, engineOptions),
          }
        }),
      )
    },
  }
}

/** Programs and class paths are the tree's, whatever directory the data is in. */
const programs = resolve(import.meta.dirname, '../../.data/engines/programs')

const isAlive = (state: State) => state.identity !== '' && processIdentity(state.pid) === state.identity

const readState = ({ directory }: Place) => readJson<State>(join(directory, 'process.json'))
const writeState = ({ directory }: Place, state: State) => writeJson(join(directory, 'process.json'), state)

/** Runs with the directory to itself. */
async function alone<T>(directory: string, work: () => Promise<T>): Promise<T> {
  await mkdir(directory, { recursive: true })
  const deadline = performance.now() + waitForOtherMs
  for (;;) {
    const lock = await takeDirectoryLock(directory)
    if ('release' in lock) {
      try {
        return await work()
      } finally {
        await lock.release()
      }
    }
    if (performance.now() > deadline)
      throw new EngineError(
        `Process ${lock.heldBy} has been starting or ending the engines of ${directory} for too long.`,
      )
    await sleep(startedWaitMs)
  }
}

/** Undefined for a file that is not there, or that a power cut has emptied. */
async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch {
    return
  }
}

async function writeJson(file: string, value: unknown) {
  const draft = `${file}.${process.pid}`
  await writeFile(draft, JSON.stringify(value))
  await rename(draft, file)
}
