import { crc32 } from 'node:zlib'

/** What secret scanners look for. */
const PREFIX = 'stoa_'
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 256 bits, and 32 bits, in base 62. */
const SECRET_LENGTH = 43
const CHECKSUM_LENGTH = 6

/**
 * The secret of an API key: `stoa_`, 43 characters that say 32 random bytes, and 6 of their checksum (CRC-32), all of them letters and digits. One
 * that was cut or mistyped is told from a wrong one without a look at any key.
 */
export function apiKeySecret(random: Uint8Array): string {
  const secret = base62(BigInt(`0x${Buffer.from(random).toString('hex')}`), SECRET_LENGTH)
  return `${PREFIX}${secret}${checksum(secret)}`
}

/** Whether a text can be the secret of an API key. */
export function isApiKeySecret(text: string): boolean {
  if (text.length !== PREFIX.length + SECRET_LENGTH + CHECKSUM_LENGTH || !text.startsWith(PREFIX))
    return false
  const secret = text.slice(PREFIX.length, -CHECKSUM_LENGTH)
  return text.endsWith(checksum(secret))
}

const checksum = (secret: string): string => base62(BigInt(crc32(secret)), CHECKSUM_LENGTH)

function base62(number: bigint, length: number): string {
  let text = ''
  for (let rest = number; text.length < length; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text
  return text
}
