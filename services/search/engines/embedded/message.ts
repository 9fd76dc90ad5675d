import type {
  EngineDocument,
  EngineSettings,
  ProductSignals,
  Removal,
  SearchRequest,
  SuggestRequest,
} from '../engine.ts'

/** What the service's thread asks of the index's thread. */
export type Message =
  | { readonly kind: 'put'; readonly documents: readonly EngineDocument[] }
  | { readonly kind: 'signals'; readonly signals: readonly ProductSignals[] }
  | { readonly kind: 'remove'; readonly products: readonly Removal[] }
  | { readonly kind: 'configure'; readonly settings: EngineSettings }
  | { readonly kind: 'begin-rebuild' }
  | { readonly kind: 'finish-rebuild'; readonly rebuild: number }
  | { readonly kind: 'abandon-rebuild'; readonly rebuild: number }
  | { readonly kind: 'search'; readonly request: SearchRequest }
  | { readonly kind: 'suggest'; readonly request: SuggestRequest }
  | { readonly kind: 'stats' }

export type Asked = { readonly id: number; readonly message: Message }

export type Answered =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }
