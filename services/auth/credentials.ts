import { invalidInput } from '@stoa/contract'
import type { Context } from './context.ts'
import { fitsBcrypt, normalisePassword } from './password.ts'

/** Of a random password that nobody knows: what is compared where there is no account, so that the answer takes as long. */
const NOBODYS_HASH = '$2b$12$.BpmSPLMK3..Bo6uIKraK.B7NyZXl6Sfyy86/JPSzky.YBuG18ScC'

/** Whether a password is the account's. Takes one hash, whoever asks and whatever is wrong. */
export async function provesPassword(
  user: { readonly passwordHash: string; readonly disabled: boolean } | undefined,
  password: string,
  { resources, signal }: Context,
): Promise<boolean> {
  const normalised = normalisePassword(password)
  const same = await resources.hashing.verify(
    { password: normalised, hash: user?.passwordHash ?? NOBODYS_HASH },
    signal,
  )
  // What bcrypt would cut off does not open the door.
  return same && fitsBcrypt(normalised) && user !== undefined && !user.disabled
}

/** `field` is what a refusal names. */
export async function hashNewPassword(
  { password, field }: { password: string; field: string },
  { resources, signal }: Context,
): Promise<string> {
  const normalised = normalisePassword(password)
  if (!fitsBcrypt(normalised)) throw invalidInput({ field, message: 'must be at most 72 bytes in UTF-8' })
  return resources.hashing.hash(normalised, signal)
}
