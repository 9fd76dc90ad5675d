/** bcrypt reads 72 bytes and ignores the rest. */
const MAX_BYTES = 72

/** One form for what different keyboards and systems make of the same characters (NIST SP 800-63B, 3.1.1.2). */
export const normalisePassword = (password: string): string => password.normalize('NFC')

/** Of a normalised password: normalisation can lengthen a text, so this is checked after it. */
export const fitsBcrypt = (password: string): boolean =>
  new TextEncoder().encode(password).length <= MAX_BYTES

/** No I, L, O, U, so that nobody misreads it: 32 characters, 5 bits each. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

/** Made of 20 random bytes: 100 bits, `7hk2q-...`. */
export const oneTimePassword = (random: Uint8Array): string =>
  Array.from(random.subarray(0, 20), (byte) => ALPHABET[byte % 32])
    .join('')
    .replace(/.{5}(?=.)/g, '$&-')
