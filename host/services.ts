import auth from '@stoa/auth'
import cart from '@stoa/cart'
import gateway from '@stoa/gateway'
import inventory from '@stoa/inventory'
import notification from '@stoa/notification'
import order from '@stoa/order'
import payment from '@stoa/payment'
import product from '@stoa/product'
import type { Service } from '@stoa/runtime'

/** Every service there is. */
export const allServices: readonly Service[] = [
  gateway,
  auth,
  product,
  cart,
  inventory,
  order,
  payment,
  notification,
]

/** The services that `SERVICES=order,payment` names; all of them when it is absent. */
export function selectServices(names: string | undefined): readonly Service[] {
  if (!names) return allServices
  const wanted = names.split(',').map((name) => name.trim())
  const known = new Map(allServices.map((service) => [service.contract.name, service]))
  const unknown = wanted.filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new Error(`SERVICES names ${unknown.join(', ')}; there are ${[...known.keys()].join(', ')}`)
  return [...new Set(wanted)].map((name) => known.get(name)!)
}
