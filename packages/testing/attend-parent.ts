import { isMainThread } from 'node:worker_threads'

/**
 * Loaded before a program (`--import`) that was started with a channel to its parent (`ipc`): ends it in order when the parent is gone,
 * however that ended.
 */
// The program's threads are loaded with this, too, and have no parent to attend to.
if (isMainThread) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel!.unref()
}
