import type { User } from '@stoa/contracts/auth'

export type Role = User['role']
export type StaffRole = Exclude<Role, 'customer'>

const READ = [
  'product:read',
  'inventory:read',
  'order:read',
  'payment:read',
  'notification:read',
  'search:read',
  'customer:read',
  'apikey:read',
]

/** What each role of staff may do, in full: there is no wildcard, so a new permission is given to nobody by accident. */
export const PERMISSIONS: Readonly<Record<StaffRole, readonly string[]>> = {
  admin: [
    ...READ,
    'product:write',
    'inventory:write',
    'order:write',
    'payment:refund',
    'customer:write',
    'search:write',
    'apikey:write',
  ],
  support: [...READ, 'order:write', 'payment:refund'],
  'read-only': READ,
}

/** Undefined for a customer. Who still has a one-time password may do nothing yet. */
export const permissionsOf = (user: {
  role: Role
  mustChangePassword: boolean
}): readonly string[] | undefined =>
  user.role === 'customer' ? undefined : user.mustChangePassword ? [] : PERMISSIONS[user.role]
