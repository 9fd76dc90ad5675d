import { isIPv6 } from 'node:net'

/**
 * What attempts are counted by: an IPv4 address, or the /64 that one IPv6 line is given (RFC 6177), of which its user may pick any
 * address. Undefined for what the platform does by itself.
 */
export function ipSubject(address: string | undefined): string | undefined {
  if (address === undefined || !address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]
  if (!isIPv6(address)) return address
  const [plain = ''] = address.split('%')
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    // An IPv4 tail (`::1.2.3.4`) takes the place of two groups.
    const after = tail === '' ? [] : tail.split(':')
    const width = after.length + (after.at(-1)?.includes('.') ? 1 : 0)
    groups.push(...Array.from({ length: Math.max(0, 8 - groups.length - width) }, () => '0'), ...after)
  }
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/64`
}
