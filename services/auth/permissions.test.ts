import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contract } from '@stoa/contract'
import { auth } from '@stoa/contracts/auth'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { notification } from '@stoa/contracts/notification'
import { order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'
import { PERMISSIONS, permissionsOf } from './permissions.ts'

const contracts: Contract[] = [auth, cart, inventory, notification, order, payment, product, search]
const asked = new Set(
  contracts.flatMap(({ operations }) =>
    Object.values(operations).flatMap(({ permission }) => permission ?? []),
  ),
)

test('an admin holds exactly the permissions that some operation asks for', () => {
  assert.deepEqual([...PERMISSIONS.admin].sort(), [...asked].sort())
})

test('read-only reads everything and changes nothing; support also helps with orders and refunds', () => {
  const reading = [...asked].filter((permission) => permission.endsWith(':read')).sort()
  assert.deepEqual([...PERMISSIONS['read-only']].sort(), reading)
  assert.deepEqual([...PERMISSIONS.support].sort(), [...reading, 'order:write', 'payment:refund'].sort())
})

test('who has a one-time password may do nothing yet, and a customer is no staff', () => {
  assert.deepEqual(permissionsOf({ role: 'admin', mustChangePassword: true }), [])
  assert.equal(permissionsOf({ role: 'customer', mustChangePassword: false }), undefined)
})
