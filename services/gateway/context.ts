import type { ServiceContext } from '@stoa/runtime'
import type { Kept } from './cache/kept.ts'
import type { config } from './config.ts'
import type { published } from './published.ts'

export type Context = ServiceContext<unknown, typeof published, typeof config, Kept>
