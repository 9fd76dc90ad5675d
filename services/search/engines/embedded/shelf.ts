import { type CompiledSettings, compileSettings } from '../../planning/compiled-settings.ts'
import type { EngineStats } from '../engine.ts'
import { unconfigured } from '../unconfigured.ts'
import type { Message } from './message.ts'
import { openScratch } from './scoring.ts'
import { search } from './search.ts'
import {
  compact,
  openSearchIndex,
  putDocument,
  putSignals,
  removeDocument,
  type SearchIndex,
} from './search-index.ts'
import { suggest } from './suggest.ts'

/** The index that answers, the one that is being built to replace it, and the settings of both. Synchronous: it lives in one thread. */
export type Shelf = {
  readonly handle: (message: Message) => unknown
  /** A piece of compaction, about 3 ms; true: there is more. */
  readonly tidy: (entries?: number) => boolean
}

const TIDIED_ENTRIES = 60_000
/** Settings before the present ones, for those who walk through pages meanwhile. */
const SETTINGS_KEPT = 4

export function openShelf({ now }: { readonly now: () => number }): Shelf {
  let settings = compileSettings(unconfigured)
  const versions = new Map<number, CompiledSettings>([[settings.mark, settings]])
  let answering: SearchIndex = openSearchIndex(settings)
  let next: SearchIndex | undefined
  let rebuild = 0
  const scratch = openScratch()

  const each = (work: (index: SearchIndex) => void) => {
    work(answering)
    if (next) work(next)
  }
  return {
    tidy: (entries = TIDIED_ENTRIES) => compact(answering, entries),
    handle: (message) => {
      switch (message.kind) {
        case 'put':
          return each((index) => {
            for (const document of message.documents) putDocument(index, document)
          })
        case 'signals':
          return each((index) => {
            for (const signals of message.signals) putSignals(index, signals)
          })
        case 'remove':
          return each((index) => {
            for (const product of message.products) removeDocument(index, product, now())
          })
        case 'configure': {
          if (message.settings.version < settings.version) return { rebuild: false }
          settings = compileSettings(message.settings)
          versions.delete(settings.mark)
          versions.set(settings.mark, settings)
          if (versions.size > SETTINGS_KEPT) versions.delete(versions.keys().next().value!)
          // Nothing was put yet: what comes is read with these.
          if (answering.documents.count === 0) answering = openSearchIndex(settings)
          if (next?.documents.count === 0) next = openSearchIndex(settings)
          return { rebuild: (next ?? answering).settings.analysis !== settings.analysis }
        }
        case 'begin-rebuild':
          next = openSearchIndex(settings)
          // What was removed a moment ago must not come back by a document that was read before.
          for (const [productId, tombstone] of answering.tombstones) next.tombstones.set(productId, tombstone)
          for (const [productId, at] of answering.documents.indexes) {
            const { available, sold } = answering.documents
            next.early.set(productId, {
              productId,
              ...(!Number.isNaN(available[at]!) && { available: available[at]! }),
              sold: sold[at]!,
            })
          }
          rebuild += 1
          return rebuild
        case 'finish-rebuild': {
          if (message.rebuild !== rebuild || !next) return { replaced: false, documents: 0 }
          next.early.clear()
          answering = next
          next = undefined
          return { replaced: true, documents: answering.documents.live }
        }
        case 'abandon-rebuild':
          if (message.rebuild === rebuild) next = undefined
          return undefined
        case 'search':
          return search(answering, message.request, {
            scratch,
            settings: (mark) => versions.get(mark ?? settings.mark) ?? settings,
            now: now(),
          })
        case 'suggest':
          return suggest(answering, message.request, { scratch, settings })
        case 'stats':
          return statsOf(answering, settings, next !== undefined)
      }
    },
  }
}

function statsOf(index: SearchIndex, settings: CompiledSettings, rebuilding: boolean): EngineStats {
  const { documents, postings, vocabulary, values } = index
  const columns =
    documents.alive.length * (1 + 8 * 4 + 4 * 4 + documents.prices.size * 8) +
    documents.lengths.length +
    4 * documents.valuePool.length
  // Ids, slugs, names with their heads; a value's texts and its place in a map.
  const texts =
    documents.names.reduce((sum, name) => sum + 2 * name.length + 200, 0) + values.text.length * 200
  return {
    documents: documents.live,
    terms: vocabulary.size(),
    postings: postings.entries(),
    bytes: postings.bytes() + vocabulary.bytes() + columns + texts,
    settingsVersion: settings.version,
    rebuilding,
  }
}
