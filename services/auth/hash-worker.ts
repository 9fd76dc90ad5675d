import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import bcrypt from 'bcrypt'

export type HashTask =
  | { readonly kind: 'hash'; readonly password: string; readonly cost: number }
  | { readonly kind: 'verify'; readonly password: string; readonly hash: string }

/** A hash takes a core for a sixth of a second. Whoever shops meanwhile goes first: Linux has a priority for each thread. */
const NICE = 5

if (process.platform === 'linux') {
  try {
    const [, thread] = /task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? []
    if (thread) setPriority(Number(thread), NICE)
  } catch {
    // Without /proc hashes compete as equals.
  }
}

parentPort!.on('message', (task: HashTask) => {
  parentPort!.postMessage(
    task.kind === 'hash'
      ? bcrypt.hashSync(task.password, task.cost)
      : bcrypt.compareSync(task.password, task.hash),
  )
})
