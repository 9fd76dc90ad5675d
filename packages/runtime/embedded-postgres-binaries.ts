import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { canReach, outsideHome, type UnixUser } from './embedded-postgres-user.ts'

export type PostgresBinaries = { postgres: string; initdb: string; pgCtl: string; major: string }

/** The programs for this machine, out of the npm package, tried out as the user who will run them. */
export async function findBinaries(who: {
  user: UnixUser | undefined
  log: (line: string) => void
}): Promise<PostgresBinaries> {
  const native = locate()
  await restoreLinks(native)
  const home = (await canReach(join(native, 'bin'), who.user)) ? native : await copyOutside(native, who.log)
  const program = (name: string) => join(home, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  const { stdout } = await run(program('postgres'), ['--version'], { ...who.user, cwd: '/', timeout: 10_000 })
  const major = /(\d+)\.\d+/.exec(stdout)?.[1] ?? 'unknown'
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl'), major }
}

function locate(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    return join(dirname(createRequire(wrapper).resolve(name)), '..', 'native')
  } catch {
    throw new Error(
      `The package ${name} is not installed (either there is none for this machine, or npm left out optional dependencies).`,
    )
  }
}

/**
 * npm packages hold no symbolic links; this one lists them in a file for an install script, which npm does not
 * run any more. Any number of processes may do this at once.
 */
async function restoreLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    if (await lstat(path).catch(() => undefined)) continue
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** 60 MB, once for each version: the user of the server cannot reach node_modules. */
async function copyOutside(native: string, log: (line: string) => void): Promise<string> {
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8'))
  const copy = join(outsideHome, `postgresql-${version}-${basename(dirname(native))}`)
  if (await lstat(copy).catch(() => undefined)) return copy
  log(`PostgreSQL's user cannot reach ${native}: its programs are copied to ${copy}`)
  const draft = `${copy}.${process.pid}`
  await mkdir(outsideHome, { recursive: true, mode: 0o755 })
  await cp(native, draft, { recursive: true, verbatimSymlinks: true })
  try {
    await rename(draft, copy)
  } catch (error) {
    // Another process was faster.
    await rm(draft, { recursive: true, force: true })
    if (!(await lstat(copy).catch(() => undefined))) throw error
  }
  return copy
}

const run = promisify(execFile)
