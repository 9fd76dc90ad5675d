import { Rejection } from '@stoa/contract'
import type { Catalogue } from './catalogue.ts'

/** The catalogue, once it can be searched. */
export function readyCatalogue({ catalogue }: { readonly catalogue: Catalogue }): Catalogue {
  if (!catalogue.ready) throw new Rejection('SEARCH_NOT_READY')
  return catalogue
}
