import { describe } from 'node:test'
import { engineAddress } from '@stoa/testing'
import { facetsContract } from '../testing/facets.ts'
import { findingContract } from '../testing/finding.ts'
import { rulesContract } from '../testing/rules.ts'
import { writesContract } from '../testing/writes.ts'
import { subject } from './testing.ts'

const { address, skip } = engineAddress('opensearch')

// Its pages: ./pages.engine.test.ts.
describe('OpenSearch finds, counts, ranks and writes alike with its products in three shards', {
  skip,
}, () => {
  const inThree = subject(address, { shards: 3 })
  findingContract(inThree)
  facetsContract(inThree)
  rulesContract(inThree)
  writesContract(inThree)
})
