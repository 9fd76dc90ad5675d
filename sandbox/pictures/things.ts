import type { Thing } from './thing.ts'
import { bags } from './things/bags.ts'
import { bath } from './things/bath.ts'
import { clothing } from './things/clothing.ts'
import { cookware } from './things/cookware.ts'
import { desk } from './things/desk.ts'
import { electronics } from './things/electronics.ts'
import { furniture } from './things/furniture.ts'
import { garden } from './things/garden.ts'
import { home } from './things/home.ts'
import { kids } from './things/kids.ts'
import { outdoor } from './things/outdoor.ts'
import { pantry } from './things/pantry.ts'
import { sport } from './things/sport.ts'
import { tableware } from './things/tableware.ts'

export const things: Readonly<Record<string, Thing>> = {
  ...tableware,
  ...cookware,
  ...home,
  ...furniture,
  ...desk,
  ...electronics,
  ...bath,
  ...pantry,
  ...garden,
  ...clothing,
  ...bags,
  ...outdoor,
  ...sport,
  ...kids,
}
