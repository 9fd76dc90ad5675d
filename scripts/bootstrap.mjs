/**
 * `node scripts/bootstrap.mjs <program.ts> [arguments]` installs what package-lock.json lists when that is not what is
 * installed, and runs the program with the Node that is among it.
 *
 * Has to run on a machine with nothing but Node 20 and npm: plain JavaScript, no dependency. The program is a process
 * group of its own, because Ctrl-C comes twice, from the terminal and from npm, and must arrive once; so it is sent on
 * from here, as SIGTERM and SIGHUP are. In package.json it stands after `exec`: npm sends signals to the shell, and a
 * shell that stays would die of them, leaving us behind and npm not waiting. (cmd.exe has no exec: on Windows, let npm
 * use the shell that comes with git: `npm config set script-shell bash`.)
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/**
 * Bounds the young generation to three times 8 MiB: what a request leaves behind dies there. V8's own bound lets a busy shop keep some
 * 150 MB more resident, for no less CPU.
 */
const V8_FLAGS = ['--max-semi-space-size=8']

const NODE_MAJOR = 24
/** A first install over a slow line takes some minutes; one that takes longer hangs. */
const INSTALL_WITHIN_MS = 15 * 60_000
/** The same Ctrl-C arrives from the terminal and from npm within milliseconds. */
const SAME_SIGNAL_MS = 300
const NPM_LOOK_MS = 1_000

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const lockFile = join(root, 'package-lock.json')
const stampFile = join(modules, '.installed-lock')
const dataDirectory = join(root, '.data')

const [program, ...programArguments] = process.argv.slice(2)
if (!program) fail('Usage: node scripts/bootstrap.mjs <program.ts> [arguments]')

await install()
await run(pinnedNode(), [program, ...programArguments])

async function install() {
  if (isInstalled()) return
  mkdirSync(dataDirectory, { recursive: true })
  const release = await takeLock()
  try {
    // Somebody else may have done it while we waited.
    if (isInstalled()) return
    console.error('Installing the packages that package-lock.json lists (npm ci) ...')
    const startedAt = Date.now()
    await npmCi()
    writeFileSync(stampFile, stamp())
    console.error(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`)
  } finally {
    release()
  }
}

function isInstalled() {
  try {
    if (readFileSync(stampFile, 'utf8') === stamp()) return true
  } catch {
    // Never installed by us: perhaps by hand.
  }
  if (!isInstalledByHand()) return false
  writeFileSync(stampFile, stamp())
  return true
}

/** Of the lock file and of the machine: a tree can be moved from one to another. */
function stamp() {
  const hash = createHash('sha256').update(readFileSync(lockFile)).digest('hex')
  return `${hash} ${process.platform}-${process.arch}\n`
}

/** Whether `npm install`, which leaves a list of what is there, has brought exactly what the lock file lists. */
function isInstalledByHand() {
  const found = readPackages(join(modules, '.package-lock.json'))
  const wanted = readPackages(lockFile)
  if (!found || !wanted) return false
  const same = (a, b) =>
    a?.version === b?.version && a?.integrity === b?.integrity && a?.resolved === b?.resolved
  const complete = Object.entries(wanted).every(([path, entry]) =>
    found[path] ? same(found[path], entry) : !path.includes('node_modules/') || entry.optional,
  )
  const nothingElse = Object.keys(found).every((path) => wanted[path])
  return complete && nothingElse && existsSync(join(modules, '.bin', 'node'))
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}

function npmCi() {
  const flags = ['ci', '--include=dev', '--include=optional', '--loglevel=error']
  const npm = process.env.npm_execpath
  const [command, ...first] = npm?.endsWith('npm-cli.js')
    ? [process.execPath, npm]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm']
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...flags], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: INSTALL_WITHIN_MS,
      shell: command.endsWith('.cmd'),
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    const stop = (signal) => {
      child.kill(signal)
      process.exit(128 + constants.signals[signal])
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, stop)
    child.once('error', (error) => fail(`npm cannot be run: ${error.message}`))
    child.once('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeListener(name, stop)
      if (code === 0) return resolve()
      const reason = signal ? `was ended by ${signal}` : `ended with code ${code}`
      fail(`${said}\nnpm ci ${reason}. When package.json was changed by hand, run npm install first.`)
    })
  })
}

/**
 * One installer at a time. A lock is a file with a number, the highest counts, and a dead holder's is succeeded by
 * the next number instead of being deleted: between reading a file and deleting it somebody else may have taken over.
 */
async function takeLock() {
  for (let waited = 0; waited < 2 * INSTALL_WITHIN_MS; waited += 200) {
    const last = lockNumbers().at(-1) ?? 0
    if (last === 0 || !isHeld(last)) {
      const number = last + 1
      const draft = join(dataDirectory, `install.draft.${process.pid}`)
      try {
        writeFileSync(draft, JSON.stringify({ pid: process.pid, since: Date.now() }))
        // A link, because it appears with its content and only when the name is free.
        linkSync(draft, lockPath(number))
        if (lockNumbers().at(-1) === number) {
          for (const old of lockNumbers().filter((other) => other < number))
            rmSync(lockPath(old), { force: true })
          return () => {
            writeFileSync(draft, JSON.stringify({ pid: 0, since: 0 }))
            renameSync(draft, lockPath(number))
          }
        }
        rmSync(lockPath(number), { force: true })
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
      } finally {
        rmSync(draft, { force: true })
      }
    }
    if (waited === 0) console.error('Waiting for another process that installs the packages ...')
    await sleep(200)
  }
  fail(
    `Another process has been installing packages for too long. End it, or delete ${dataDirectory}/install.*`,
  )
}

function lockPath(number) {
  return join(dataDirectory, `install.${number}`)
}

function lockNumbers() {
  return readdirSync(dataDirectory)
    .flatMap((name) => /^install\.(\d+)$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function isHeld(number) {
  try {
    const { pid, since } = JSON.parse(readFileSync(lockPath(number), 'utf8'))
    // Process numbers are given out again, after a restart of a container even our own.
    if (!pid || pid === process.pid || Date.now() - since > INSTALL_WITHIN_MS + 60_000) return false
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** The Node among the packages; the machine's own where there is none for it and it is new enough. */
function pinnedNode() {
  const system = process.platform === 'win32' ? 'win' : process.platform
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const places = [`node-${system}-${process.arch}`, `node-bin-${system}-${process.arch}`]
  const path = places.map((name) => join(modules, name, 'bin', file)).find((place) => existsSync(place))
  if (path) {
    const { stdout, error } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    if (stdout?.startsWith(`v${NODE_MAJOR}.`)) return path
    console.error(`${path} does not run here: ${error?.message ?? stdout}`)
  }
  const own = Number(process.versions.node.split('.')[0])
  if (own >= NODE_MAJOR) return process.execPath
  return fail(
    `There is no Node ${NODE_MAJOR} package for ${process.platform}-${process.arch}, and this machine's Node is ${process.version}. Install Node ${NODE_MAJOR} or newer and start again.`,
  )
}

function run(node, nodeArguments) {
  const child = spawn(node, [...V8_FLAGS, ...nodeArguments], {
    stdio: 'inherit',
    detached: process.platform !== 'win32',
    env: { ...process.env, PATH: [join(modules, '.bin'), process.env.PATH].join(delimiter) },
  })
  endWithNpm(child)
  const last = new Map()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      if (Date.now() - (last.get(signal) ?? 0) < SAME_SIGNAL_MS) return
      last.set(signal, Date.now())
      child.kill(signal)
    })
  }
  return new Promise(() => {
    child.once('error', (error) => fail(`${node} cannot be run: ${error.message}`))
    child.once('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
  })
}

/** Killed with kill -9, npm passes nothing on. What it started must not live on unseen, with a port in its hands. */
function endWithNpm(child) {
  if (!process.env.npm_lifecycle_event) return
  const npm = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === npm) return
    clearInterval(timer)
    child.kill('SIGTERM')
  }, NPM_LOOK_MS)
  timer.unref()
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
