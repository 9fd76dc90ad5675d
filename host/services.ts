import type { Service } from '@stoa/runtime'

/** Every service there is, loaded when it is hosted: a process that hosts one does not pay for the libraries of the others. */
const services = {
  gateway: () => import('@stoa/gateway'),
  auth: () => import('@stoa/auth'),
  product: () => import('@stoa/product'),
  cart: () => import('@stoa/cart'),
  inventory: () => import('@stoa/inventory'),
  order: () => import('@stoa/order'),
  payment: () => import('@stoa/payment'),
  notification: () => import('@stoa/notification'),
  search: () => import('@stoa/search'),
} satisfies Record<string, () => Promise<{ default: Service }>>

export const serviceNames: readonly string[] = Object.keys(services)

/** The services that `SERVICES=order,payment` names; all of them when it is absent. Throws for a name that is not one. */
export async function loadServices(names?: string): Promise<readonly Service[]> {
  const wanted = names ? [...new Set(names.split(',').map((name) => name.trim()))] : serviceNames
  const unknown = wanted.filter((name) => !serviceNames.includes(name))
  if (unknown.length > 0)
    throw new Error(`SERVICES names ${unknown.join(', ')}; there are ${serviceNames.join(', ')}`)
  const loaded = await Promise.all(wanted.map((name) => services[name as keyof typeof services]()))
  return loaded.map((module) => module.default)
}
