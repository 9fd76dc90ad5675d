import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * `npm run check`: all that can be said about the repository without running the shop. Each line is a program and its
 * arguments; what it says is shown only when it fails, and the others run nevertheless. `npm run check -- --write` first
 * lets those that can write mend what they complain about.
 */
const checks: Record<string, { program: string[]; write?: string[] }> = {
  // What the first command on a fresh machine does, without doing it.
  'package lock': { program: [npmProgram(), 'ci', '--dry-run', '--loglevel=error'] },
  types: { program: ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.'] },
  'lint and format': {
    program: ['node_modules/@biomejs/biome/bin/biome', 'ci', '--colors=off', '.'],
    write: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '--colors=off', '.'],
  },
  boundaries: { program: ['--test', 'scripts/boundaries.test.ts'] },
  'contract lock': {
    program: ['scripts/contract-lock.ts'],
    write: ['scripts/contract-lock.ts', '--write'],
  },
  'configuration docs': {
    program: ['scripts/configuration-docs.ts'],
    write: ['scripts/configuration-docs.ts', '--write'],
  },
}

/** The types of the whole repository take some 10 s on two cores; what takes minutes hangs. */
const withinMs = 5 * 60_000

const mayWrite = process.argv.includes('--write')
const root = join(import.meta.dirname, '..')
let failed = 0
for (const [name, { program, write }] of Object.entries(checks)) {
  const began = performance.now()
  const problem = await run(mayWrite && write ? write : program)
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  console.log(`${problem === undefined ? '✔' : '✖'} ${name} (${seconds} s)`)
  if (problem === undefined) continue
  failed++
  console.log(problem)
}
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** What the program said, when it failed. */
async function run(program: string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)(process.execPath, program, {
      cwd: root,
      timeout: withinMs,
      // Thousands of complaints at once, after an upgrade.
      maxBuffer: 64 * 1024 * 1024,
    })
    return
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      message,
      killed,
    } = error as Error & {
      stdout?: string
      stderr?: string
      killed?: boolean
    }
    const said = `${stdout}${stderr}`.trim()
    return killed ? `${said}\nended after ${withinMs / 1_000} s` : said || message
  }
}

/** npm's own file, which npm tells those that it runs. */
function npmProgram(): string {
  return process.env.npm_execpath ?? '--eval=console.error("Start it with npm run check"); process.exit(1)'
}
