import { Rejection } from '@stoa/contract'
import type { Context } from './context.ts'

/**
 * Who answers for a key with these permissions. Throws PERMISSION_NOT_HELD for one that the caller does not have, and for those about API
 * keys: a key that could issue keys would outlive its revocation.
 */
export function checkGrantable({ actor }: Context, permissions: readonly string[]): string {
  if (actor.kind !== 'staff') throw new Rejection('FORBIDDEN')
  const refused = permissions.filter((one) => one.startsWith('apikey:') || !actor.permissions.includes(one))
  if (refused.length > 0) throw new Rejection('PERMISSION_NOT_HELD', { permissions: refused })
  return actor.id
}
