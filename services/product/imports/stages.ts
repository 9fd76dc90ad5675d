import type { ImportFormat } from '@stoa/contracts/product-imports'
import type { ReadOptions, Stage } from './item.ts'
import { icecatStages } from './readers/icecat.ts'
import { firstRow, magentoStages } from './readers/magento.ts'
import { shopifyStages } from './readers/shopify.ts'
import { stoaStages } from './readers/stoa.ts'
import type { Bundle } from './sources/bundle.ts'
import { SourceFault } from './sources/source-fault.ts'

/** What a run reads, in order. The same files and options are always the same stages with the same records. */
export async function stagesOf(format: ImportFormat, bundle: Bundle, options: ReadOptions): Promise<Stage[]> {
  const stages = await {
    magento: magentoStages,
    icecat: icecatStages,
    shopify: shopifyStages,
    stoa: stoaStages,
  }[format](bundle, options)
  if (stages.length === 0)
    throw new SourceFault({
      file: bundle.files[0]?.name ?? 'the folder',
      reason: `is nothing of the format ${format}`,
    })
  return stages
}

/** Files looked into to recognise a format. */
const MAX_LOOKS = 50

/** The format that a bundle's files have; undefined when none is recognised. */
export async function recognised(bundle: Bundle): Promise<ImportFormat | undefined> {
  if (bundle.files.some(({ name }) => name.toLowerCase().endsWith('.json'))) return 'icecat'
  for (const file of bundle.files
    .filter(({ name }) => name.toLowerCase().endsWith('.csv'))
    .slice(0, MAX_LOOKS)) {
    const row = await firstRow(file)
    if (!row) continue
    if ('type' in row && 'slug' in row && 'sku' in row) return 'stoa'
    if (('Handle' in row || 'URL handle' in row) && 'Title' in row) return 'shopify'
    if ('sku' in row && ('product_type' in row || 'attribute_set' in row)) return 'magento'
  }
  return undefined
}
