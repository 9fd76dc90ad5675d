import { createHash } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export type UnixUser = { uid: number; gid: number }

/**
 * Whom the server runs as: undefined is ourselves. PostgreSQL refuses to run as root, so root lends it another
 * user: the one that owns the cluster, else `postgres` where the system has it, else `nobody`.
 */
export async function postgresUser(cluster: UnixUser | undefined): Promise<UnixUser | undefined> {
  if (process.getuid?.() !== 0) return
  if (cluster && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid }
  const accounts = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((line) => line.split(':'))
  const account =
    accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  return account ? { uid: Number(account[2]), gid: Number(account[3]) } : { uid: 65534, gid: 65534 }
}

/** Where a directory lies that another user cannot reach: under /root, or after a clone with umask 077. */
export const outsideHome = '/var/lib/stoa'

/** The directory itself, or one outside the tree when the server's user cannot get to it. */
export async function reachableHome(where: {
  directory: string
  user: UnixUser | undefined
  log: (line: string) => void
}): Promise<string> {
  const { directory, user, log } = where
  if (await canReach(directory, user)) return directory
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  const home = join(outsideHome, name)
  await mkdir(home, { recursive: true, mode: 0o755 })
  log(`PostgreSQL does not run as root, and its user cannot reach ${directory}: its files are in ${home}`)
  return home
}

/** Whether every directory down to this one lets the user pass. */
export async function canReach(directory: string, user: UnixUser | undefined): Promise<boolean> {
  if (!user) return true
  const { mode, uid, gid } = await stat(directory)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  if ((mode & bit) === 0) return false
  return directory === dirname(directory) || canReach(dirname(directory), user)
}
