import { auth } from '@stoa/contracts/auth'
import { cart } from '@stoa/contracts/cart'
import { inventory } from '@stoa/contracts/inventory'
import { notification } from '@stoa/contracts/notification'
import { order } from '@stoa/contracts/order'
import { payment } from '@stoa/contracts/payment'
import { product } from '@stoa/contracts/product'
import { search } from '@stoa/contracts/search'

/** The contracts whose operations the public may reach; those with access `service` stay inside. */
export const published = { auth, product, cart, inventory, order, payment, notification, search }
