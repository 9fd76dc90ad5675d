import { parentPort } from 'node:worker_threads'
import type { Answered, Asked } from './message.ts'
import { openShelf } from './shelf.ts'

/** The thread that holds the index. Messages are handled in order; compaction goes on between them, some milliseconds at a time. */
const port = parentPort!
const shelf = openShelf({ now: Date.now })
let tidying = false

port.on('message', ({ id, message }: Asked) => {
  let answered: Answered
  try {
    answered = { id, answer: shelf.handle(message) }
  } catch (error) {
    const { name, message: text } = error as Error
    answered = { id, error: { name, message: text } }
  }
  port.postMessage(answered)
  if (!tidying && (message.kind === 'put' || message.kind === 'remove')) {
    tidying = true
    setImmediate(tidy)
  }
})

function tidy(): void {
  tidying = shelf.tidy()
  if (tidying) setImmediate(tidy)
}
