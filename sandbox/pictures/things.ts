import type { Thing } from './thing.ts'
import { cookware } from './things/cookware.ts'
import { desk } from './things/desk.ts'
import { electronics } from './things/electronics.ts'
import { furniture } from './things/furniture.ts'
import { home } from './things/home.ts'
import { tableware } from './things/tableware.ts'

export const things: Readonly<Record<string, Thing>> = { ...tableware, ...cookware, ...home, ...furniture, ...desk, ...electronics }
