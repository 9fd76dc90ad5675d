import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Message } from './attend-parent.ts'

/** A program in a process of its own, so that its CPU and memory are its alone. */
export type Child = AsyncDisposable & {
  readonly pid: number
  readonly startProfile: () => Promise<void>
  readonly stopProfile: (path: string) => Promise<void>
}

const READY_WITHIN_MS = 120_000
const STOP_WITHIN_MS = 20_000
const alive = new Set<ChildProcess>()

/**
 * Runs a program of this repository until `readyUrl` answers 200, and what `isReady` wants. What it prints goes to /dev/null, as little work as a log may
 * make; its errors are shown.
 */
export async function startChild(
  program: string,
  {
    environment,
    readyUrl,
    isReady = () => true,
  }: {
    environment: Readonly<Record<string, string>>
    readyUrl: string
    isReady?: (said: string) => boolean
  },
): Promise<Child> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [], {
    // The flags that npm's scripts run everything with, too.
    execArgv: [...process.execArgv, '--import', new URL('./attend-parent.ts', import.meta.url).href],
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  alive.add(child)
  child.once('exit', () => alive.delete(child))
  try {
    await ready(child, program, readyUrl, isReady)
  } catch (error) {
    await stop(child)
    throw error
  }
  const tell = async (message: Message) => {
    child.send(message)
    await once(child, 'message')
  }
  return {
    pid: child.pid!,
    startProfile: () => tell({ profile: 'start' }),
    stopProfile: (path) => tell({ profile: 'stop', path }),
    [Symbol.asyncDispose]: () => stop(child),
  }
}

/** Ends all that run, when the bench is interrupted. */
export const stopChildren = (): Promise<unknown> => Promise.all([...alive].map(stop))

async function ready(
  child: ChildProcess,
  program: string,
  url: string,
  isReady: (said: string) => boolean,
): Promise<void> {
  let said: unknown
  const deadline = Date.now() + READY_WITHIN_MS
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${program} ended at its start`)
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
      const text = await response.text()
      said = text
      if (response.ok && isReady(text)) return
    } catch (error) {
      said = error
    }
    await sleep(50)
  }
  throw new Error(`${program} was not ready within ${READY_WITHIN_MS / 1000} s`, { cause: said })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await ended
  clearTimeout(timer)
}
