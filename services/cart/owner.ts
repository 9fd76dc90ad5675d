import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from './context.ts'

/** How a caller names a cart and proves that it is theirs. */
export type Owner = { readonly cartId: string; readonly cartToken?: string | undefined }

/** A customer's cart is the customer's; a guest's belongs to whoever holds its token, signed in or not. */
export function owns(
  { actor }: Pick<Context, 'actor'>,
  { cartToken }: Pick<Owner, 'cartToken'>,
  cart: { readonly customerId: string | null; readonly tokenHash: Buffer | null },
): boolean {
  if (cart.customerId !== null) return actor.kind === 'customer' && actor.id === cart.customerId
  return (
    cartToken !== undefined && cart.tokenHash !== null && timingSafeEqual(hashOf(cartToken), cart.tokenHash)
  )
}

/**
 * What a guest's `create` makes under an Idempotency-Key: the hash by which a repetition is recognised, and the cart's token (256 bits; its
 * hash alone is stored). Both come from the key, the client's address and the secret, so that a repetition is handed the same token and
 * a guessed key, from another address, is handed a cart of its own.
 */
export function guestCredentials(
  { idempotencyKey, address }: { idempotencyKey: string; address: string | undefined },
  secret: string,
) {
  const derive = (purpose: string) =>
    createHmac('sha256', secret)
      .update(JSON.stringify([purpose, address ?? null, idempotencyKey]))
      .digest()
  const token = derive('token').toString('base64url')
  return { token, tokenHash: hashOf(token), createKeyHash: derive('create-key') }
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
