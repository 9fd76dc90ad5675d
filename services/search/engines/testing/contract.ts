import type { Subject } from '../testing.ts'
import { facetsContract } from './facets.ts'
import { findingContract } from './finding.ts'
import { pagesContract } from './pages.ts'
import { rulesContract } from './rules.ts'
import { writesContract } from './writes.ts'

/** The promises of the port (`../engine.ts`), as tests of one engine. */
export function engineContract(subject: Subject): void {
  findingContract(subject)
  facetsContract(subject)
  pagesContract(subject)
  rulesContract(subject)
  writesContract(subject)
}
