import type { RequestOf } from '@stoa/contract'
import type { product } from '@stoa/contracts/product'
import type { About } from './article.ts'

type Definition = NonNullable<RequestOf<typeof product.operations.seed>['attributes']>[number]
type Told = Pick<Definition, 'code' | 'name' | 'type'> & {
  unit?: string
  filterable?: false
  searchable?: true
}

/** What can be said of the shop's goods, in the order in which it is shown. `Colour` is filled from the options. */
export const attributes: Readonly<Record<keyof About | 'colour', Told>> = {
  colour: { code: 'colour', name: 'Colour', type: 'multi-select', searchable: true },
  material: { code: 'material', name: 'Material', type: 'multi-select', searchable: true },
  width: { code: 'width', name: 'Width', type: 'number', unit: 'cm' },
  height: { code: 'height', name: 'Height', type: 'number', unit: 'cm' },
  depth: { code: 'depth', name: 'Depth', type: 'number', unit: 'cm' },
  diameter: { code: 'diameter', name: 'Diameter', type: 'number', unit: 'cm' },
  length: { code: 'length', name: 'Length', type: 'number', unit: 'cm' },
  capacityMl: { code: 'capacity', name: 'Capacity', type: 'number', unit: 'ml' },
  volumeLitres: { code: 'volume', name: 'Volume', type: 'number', unit: 'l' },
  powerWatts: { code: 'power', name: 'Power', type: 'number', unit: 'W' },
  batteryHours: { code: 'battery-life', name: 'Battery life', type: 'number', unit: 'h' },
  connection: { code: 'connection', name: 'Connection', type: 'multi-select', searchable: true },
  pieces: { code: 'pieces', name: 'Pieces', type: 'number' },
  pages: { code: 'pages', name: 'Pages', type: 'number' },
  ageYears: { code: 'age', name: 'From age', type: 'number', unit: 'years' },
  fit: { code: 'fit', name: 'Fit', type: 'select' },
  netGrams: { code: 'net-weight', name: 'Net weight', type: 'number', unit: 'g' },
  cocoaPercent: { code: 'cocoa', name: 'Cocoa', type: 'number', unit: '%' },
  roast: { code: 'roast', name: 'Roast', type: 'select', searchable: true },
  caffeine: { code: 'caffeine', name: 'Contains caffeine', type: 'boolean' },
  light: { code: 'light', name: 'Wants', type: 'select', searchable: true },
  hob: { code: 'hob', name: 'Hobs', type: 'multi-select', searchable: true },
  dishwasher: { code: 'dishwasher-safe', name: 'Dishwasher safe', type: 'boolean' },
  waterproof: { code: 'waterproof', name: 'Waterproof', type: 'boolean' },
  recycled: { code: 'recycled', name: 'Recycled material', type: 'boolean' },
  organic: { code: 'organic', name: 'Organic', type: 'boolean' },
  vegan: { code: 'vegan', name: 'Vegan', type: 'boolean' },
  care: { code: 'care', name: 'Care', type: 'multi-select', filterable: false },
}
