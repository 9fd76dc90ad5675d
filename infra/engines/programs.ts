import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { EngineError } from './engine.ts'

const run = promisify(execFile)
const pom = join(import.meta.dirname, 'pom.xml')
/** The first time some 120 MB come over the line. */
const fetchWithinMs = 15 * 60_000

const javaAdvice = 'Install a Java runtime, 17 or newer (Debian: apt-get install -y openjdk-17-jre-headless).'
const mavenAdvice = 'Install Maven (Debian: apt-get install -y maven).'

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
    await fetching('mvn', mavenAdvice, [
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

/** Programs that come as Go modules, each with what it needs. */
export const goPrograms = {
  /** The newest that Debian 12's Go (1.19) builds. */
  toxiproxy: {
    module: 'github.com/Shopify/toxiproxy/v2/cmd/server',
    version: 'v2.8.0',
    goMinor: 19,
    advice: 'Install Go, 1.19 or newer (Debian: apt-get install -y golang-go), or leave --toxiproxy out.',
  },
  /** Debian 13's Go (1.24) builds it; later ones want a later Go. */
  s3: {
    module: 'github.com/versity/versitygw/cmd/versitygw',
    version: 'v1.2.0',
    goMinor: 24,
    advice: 'Install Go, 1.24 or newer (from Debian 13 on: apt-get install -y golang-go), or leave --s3 out.',
  },
} as const

/** From this one on Go fetches a newer Go where a module wants one, or says itself that it may not. */
const firstGoMinorThatKnows = 21

/** A program of a Go module, built when it is not there yet. */
export async function goProgram(
  name: keyof typeof goPrograms,
  programs: string,
  log: (line: string) => void,
): Promise<string> {
  const { module, version, goMinor, advice } = goPrograms[name]
  const program = join(programs, `${name}-${version}`)
  if (await exists(program)) return program
  const { stdout } = await command('go', advice, ['env', 'GOVERSION'])
  const minor = Number(/^go1\.(\d+)/.exec(stdout)?.[1])
  if (minor < Math.min(goMinor, firstGoMinorThatKnows))
    throw new EngineError(`go is ${stdout.trim()}, too old for ${name}. ${advice}`)
  const draft = join(programs, `go.${name}.${process.pid}`)
  await mkdir(draft, { recursive: true })
  log(`${name}: building it with Go, which takes some minutes the first time`)
  try {
    await fetching('go', advice, ['install', '-ldflags=-s -w', `${module}@${version}`], { GOBIN: draft })
    await rename(join(draft, basename(module)), program)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return program
}

/** Where a program of the system is; some stand in directories that only root has on its path. */
export async function systemProgram(name: string, aptPackage: string): Promise<string> {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  for (const directory of directories.filter(Boolean))
    if (await exists(join(directory, name))) return join(directory, name)
  throw new EngineError(
    `${name} is not installed. Debian: apt-get install -y --no-install-recommends ${aptPackage}`,
  )
}

/** A program that fetches, tried once more: what came over the line by then is kept, and a line may fail for a moment. */
async function fetching(...[program, ...rest]: Parameters<typeof command>) {
  try {
    return await command(program, ...rest)
  } catch (error) {
    if (error instanceof MissingProgram) throw error
    return await command(program, ...rest)
  }
}

class MissingProgram extends EngineError {}

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
    if (code === 'ENOENT') throw new MissingProgram(`${program} is not installed. ${advice}`)
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
