import type { ServiceContext } from '@stoa/runtime'
import type { Access } from './access/access.ts'
import type { Kept } from './cache/kept.ts'
import type { config } from './config.ts'
import type { published } from './published.ts'

/** What lives as long as the process; `access`: who may come in. */
export type Resources = Kept & { readonly access: Access }
export type Context = ServiceContext<unknown, typeof published, typeof config, Resources>
