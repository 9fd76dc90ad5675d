import { contract } from '@stoa/contract'

/** The public edge: it serves the other services' operations and has none of its own. */
export const gateway = contract('gateway', {})
