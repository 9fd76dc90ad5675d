import type { ServiceContext } from '@stoa/runtime'
import { type CleanPicture, cleanPicture } from './clean-picture.ts'
import { diskStore } from './disk-store.ts'
import { type ExpiringMap, expiringMap } from './expiring-map.ts'
import { type FetchedSource, openSources } from './fetch-source.ts'
import type { MediaConfig } from './media-config.ts'
import { originalPath, type Rendition, render, renditionPath } from './rendition.ts'
import { s3Store } from './s3-store.ts'
import { singleFlight } from './single-flight.ts'
import type { MediaStore } from './store.ts'
import { workQueue } from './work-queue.ts'

/**
 * Pictures worked on at once: each takes a core and, at the largest size that is taken in, up to 200 MB. Of those that wait, at
 * about 0.15 s each, the last is done within half of a request's deadline.
 */
const WORK = { concurrency: 2, maxWaiting: 100 }
/** Sources asked at once; the last of those that wait is fetched in time when a source answers within a second. */
const FETCHES = { concurrency: 8, maxWaiting: 64 }

/** A source that failed is left in peace for so long; so many failures are remembered. */
const FAILED_SOURCES = { keepMs: 60_000, max: 1_000 }

/** Why there is no picture of a source: it has none, or it does not answer now. */
export type SourceAnswer =
  | { readonly state: 'absent' }
  | { readonly state: 'later'; readonly retryAfterSeconds: number }

export type MediaLibrary = AsyncDisposable & {
  readonly store: MediaStore
  /** Checks and cleans a file. Throws `PictureFault` and `QueueFull`. */
  readonly clean: (bytes: Uint8Array) => Promise<CleanPicture>
  /** A rendition of a stored original, made and kept when it is not there yet. Undefined when the original is not in the store. Throws `QueueFull`. */
  readonly rendition: (sha256: string, rendition: Rendition) => Promise<Buffer | undefined>
  /** Fetches a picture from elsewhere. Throws `SourceFault` and `QueueFull`. */
  readonly fetchSource: (url: string) => Promise<FetchedSource>
  /** By media id: sources that are not asked again yet. */
  readonly failedSources: ExpiringMap<SourceAnswer>
  /** What one of several requests for the same source obtains, for all of them. */
  readonly obtainOnce: <T>(mediaId: string, obtain: () => Promise<T>) => Promise<T>
  readonly log: ServiceContext['log']
}

export function openMediaLibrary({
  config,
  log,
}: {
  config: MediaConfig
  log: ServiceContext['log']
}): MediaLibrary {
  const store = telling(openStore(config), log)
  const work = workQueue(WORK)
  const fetches = workQueue(FETCHES)
  const sources = openSources({ trustedOrigins: config.mediaSources })
  const renditions = singleFlight<Buffer | undefined>()
  const sourced = singleFlight<unknown>()

  return {
    store,
    clean: (bytes) => work.run(() => cleanPicture(bytes)),
    rendition: (sha256, rendition) => {
      const path = renditionPath(sha256, rendition)
      return renditions(path, async () => {
        const kept = await store.get(path)
        if (kept) return kept
        return work.run(async () => {
          const original = await store.get(originalPath(sha256))
          if (!original) return undefined
          const made = await render(original, rendition)
          // A picture that cannot be kept can be looked at all the same; the next request makes it again.
          await store
            .put(path, made)
            .catch((error: unknown) => log.warn({ err: error, path }, 'a rendition could not be kept'))
          return made
        })
      })
    },
    fetchSource: (url) => fetches.run(() => sources.fetch(url)),
    failedSources: expiringMap({ ...FAILED_SOURCES, now: Date.now }),
    log,
    obtainOnce: <T>(mediaId: string, obtain: () => Promise<T>) => sourced(mediaId, obtain) as Promise<T>,
    [Symbol.asyncDispose]: () => sources[Symbol.asyncDispose](),
  }
}

function openStore({ s3Url, s3Region, ...config }: MediaConfig): MediaStore {
  if (s3Url === undefined) return diskStore(config.mediaDirectory)
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = config
  if (!accessKeyId || !secretAccessKey)
    throw new Error('S3_URL needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  return s3Store({
    url: s3Url,
    region: s3Region,
    accessKeyId,
    secretAccessKey,
    sessionToken: config.awsSessionToken,
  })
}

/** A store that cannot be reached is no bug of an operation's, which therefore says nothing: it is said once here, with its cause. */
function telling(store: MediaStore, log: ServiceContext['log']): MediaStore {
  let away = false
  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const done = await work
      if (away) log.info('the media store answers again')
      away = false
      return done
    } catch (error) {
      if (!away) log.warn({ err: (error as Error).cause ?? error }, 'the media store is not available')
      away = true
      throw error
    }
  }
  return {
    put: (path, bytes) => told(store.put(path, bytes)),
    get: (path) => told(store.get(path)),
    has: (path) => told(store.has(path)),
    delete: (path) => told(store.delete(path)),
  }
}
