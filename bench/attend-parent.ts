import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { isMainThread } from 'node:worker_threads'
import '@stoa/testing/attend-parent'

/**
 * Loaded before a measured program (`--import`): ends it in order when the bench is gone, and profiles it when asked. A profile
 * covers what lies between the two messages, not the start.
 */
export type Message = { readonly profile: 'start' } | { readonly profile: 'stop'; readonly path: string }

let session: Session | undefined

async function obey(message: Message): Promise<void> {
  if (message.profile === 'start') {
    session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 500 })
    await session.post('Profiler.start')
  } else {
    const { profile } = await session!.post('Profiler.stop')
    session!.disconnect()
    writeFileSync(message.path, JSON.stringify(profile))
  }
  process.send!('done')
}

if (isMainThread) {
  process.on('message', (message: Message) => void obey(message))
  // Listening holds the channel again.
  process.channel!.unref()
}
