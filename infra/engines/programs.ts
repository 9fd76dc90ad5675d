import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from './engine.ts'

const run = promisify(execFile)
const pom = join(import.meta.dirname, 'pom.xml')
/** The first time some 120 MB come over the line. */
const fetchWithinMs = 15 * 60_000

const javaAdvice = 'Install a Java runtime, 17 or newer (Debian: apt-get install -y openjdk-17-jre-headless).'
const mavenAdvice = 'Install Maven (Debian: apt-get install -y maven).'
const goAdvice = 'Install Go, 1.23 or newer (https://go.dev/dl), or leave --toxiproxy out.'

/** The class path of a profile of pom.xml; Maven is asked when the file or what it names is not there. */
export async function classPath(
  profile: 'kafka' | 'opensearch',
  programs: string,
  log: (line: string) => void,
): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  const file = join(programs, `${profile}-${version}.classpath`)
  const known = await readFile(file, 'utf8').catch(() => undefined)
  if (known && (await Promise.all(known.split(delimiter).map(exists))).every(Boolean)) return known
  await mkdir(programs, { recursive: true })
  log(`${profile}: fetching its jars with Maven`)
  const draft = `${file}.${process.pid}`
  try {
    await command('mvn', mavenAdvice, [
      ...['--quiet', '--batch-mode', '--file', pom, '--activate-profiles', profile],
      ...['dependency:build-classpath', `-Dmdep.outputFile=${draft}`],
    ])
    await rename(draft, file)
  } finally {
    await rm(draft, { force: true })
  }
  return readFile(file, 'utf8')
}

/** The Java program, once it is known to be new enough. */
export async function java(): Promise<string> {
  const home = process.env.JAVA_HOME
  const program = home ? join(home, 'bin', 'java') : 'java'
  const { stderr } = await command(program, javaAdvice, ['-version'])
  const major = Number(/version "(\d+)/.exec(stderr)?.[1])
  if (!(major >= 17)) throw new EngineError(`${program} is ${stderr.split('\n')[0]}. ${javaAdvice}`)
  return program
}

/** Toxiproxy, built from its Go module when it is not there yet. */
export async function toxiproxyProgram(programs: string, log: (line: string) => void): Promise<string> {
  const program = join(programs, `toxiproxy-${toxiproxyVersion}`)
  if (await exists(program)) return program
  const draft = join(programs, `go.${process.pid}`)
  await mkdir(draft, { recursive: true })
  log('toxiproxy: building it with Go')
  try {
    await command(
      'go',
      goAdvice,
      ['install', `github.com/Shopify/toxiproxy/v2/cmd/server@${toxiproxyVersion}`],
      { GOBIN: draft },
    )
    await rename(join(draft, 'server'), program)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return program
}

const toxiproxyVersion = 'v2.12.0'

/** Where a program of the system is; some stand in directories that only root has on its path. */
export async function systemProgram(name: string, aptPackage: string): Promise<string> {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  for (const directory of directories.filter(Boolean))
    if (await exists(join(directory, name))) return join(directory, name)
  throw new EngineError(
    `${name} is not installed. Debian: apt-get install -y --no-install-recommends ${aptPackage}`,
  )
}

async function command(
  program: string,
  advice: string,
  parameters: string[],
  environment: Record<string, string> = {},
) {
  try {
    return await run(program, parameters, {
      timeout: fetchWithinMs,
      env: { ...process.env, ...environment },
      maxBuffer: 16 * 1024 * 1024,
    })
  } catch (error) {
    const { code, stdout, stderr, message } = error as NodeJS.ErrnoException & {
      stdout?: string
      stderr?: string
    }
    if (code === 'ENOENT') throw new EngineError(`${program} is not installed. ${advice}`)
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim() || message
    throw new EngineError(`${program} ${parameters[0]} failed:\n${said.slice(-2_000)}`)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}
