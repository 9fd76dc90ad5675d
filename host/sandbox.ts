import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { takeDirectoryLock } from '@stoa/runtime/directory-lock'

export type RunningSandbox = {
  readonly url: string
  readonly smtpUrl: string
  readonly stop: () => Promise<void>
}

type SandboxOptions = {
  readonly port: number
  readonly smtpPort: number
  readonly dataDirectory: string
  /** Where Stripe's events go. */
  readonly webhookUrl: string
}

const program = fileURLToPath(new URL('../sandbox/main.ts', import.meta.url))
const START_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 1_000
/** Between two looks whether the process that starts the sandbox is ready. */
const LOOK_MS = 100

/**
 * One outside world per data directory, however many processes of ours there are: payments and mails of one shop belong
 * together. The first process runs it and it ends with that process; the others use it.
 */
export async function openSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const { dataDirectory } = options
  await mkdir(dataDirectory, { recursive: true })
  const addressFile = join(dataDirectory, 'address.json')
  for (const deadline = Date.now() + START_TIMEOUT_MS; ; await sleep(LOOK_MS)) {
    const lock = await takeDirectoryLock(dataDirectory)
    if ('release' in lock) {
      try {
        const { url, smtpUrl, stop } = await startSandboxProcess(options)
        await writeFile(addressFile, JSON.stringify({ url, smtpUrl }))
        return {
          url,
          smtpUrl,
          stop: async () => {
            await lock.markStopping()
            await stop()
            await lock.release()
          },
        }
      } catch (error) {
        await lock.release()
        throw error
      }
    }
    const shared = lock.stopping ? undefined : await findSandbox(addressFile)
    if (shared) return { ...shared, stop: async () => {} }
    if (Date.now() > deadline)
      throw new Error(`Process ${lock.heldBy} runs the sandbox of ${dataDirectory}, and it does not answer`)
  }
}

/** The address may be of an earlier one: it counts when a sandbox answers there. */
async function findSandbox(addressFile: string): Promise<{ url: string; smtpUrl: string } | undefined> {
  try {
    const { url, smtpUrl } = JSON.parse(await readFile(addressFile, 'utf8'))
    const answer = await fetch(`${url}/cards`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) })
    return answer.ok ? { url, smtpUrl } : undefined
  } catch {
    return undefined
  }
}

/**
 * Runs the outside world beside us, as the program of another company that it is. It is a process group of its own, so that a Ctrl-C
 * leaves it there until we have drained, and it ends when we do, however we end.
 */
async function startSandboxProcess(options: SandboxOptions): Promise<RunningSandbox> {
  const [port, smtpPort] = [await freeOr(options.port), await freeOr(options.smtpPort)]
  const child = spawn(process.execPath, [program], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      SANDBOX_PORT: String(port),
      SANDBOX_SMTP_PORT: String(smtpPort),
      SANDBOX_WEBHOOK_URL: options.webhookUrl,
      SANDBOX_DATA: options.dataDirectory,
      SANDBOX_STOPS_WITH_STDIN: 'yes',
    },
  })
  const { url, smtpUrl } = await ready(child)
  return { url, smtpUrl, stop: () => stop(child) }
}

function ready(child: ChildProcess): Promise<{ url: string; smtpUrl: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('The sandbox does not start')), START_TIMEOUT_MS)
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`The sandbox ended with ${signal ?? code}`)))
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer)
      try {
        resolve(JSON.parse(line))
      } catch {
        reject(new Error(`The sandbox said ${line}`))
      }
    })
  })
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/** The port when nobody has it, else 0: any. */
const freeOr = (port: number): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(0))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(port)))
  })
