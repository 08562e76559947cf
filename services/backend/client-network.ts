import { isIPv6 } from 'node:net'

/** What one client can change its address within: an IPv4 address, or an IPv6 address's /64, as text. */
export function clientNetwork(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [plain = ''] = address.split('%')
  if (!isIPv6(plain) || plain === '::1') return plain
  const [before = '', after] = plain.split('::')
  const head = before.split(':').filter(part => part !== '')
  const tail = (after ?? '').split(':').filter(part => part !== '')
  // An IPv4 address at the end counts as two groups, and never reaches the first four unless all are given.
  const missing = after === undefined ? 0 : 8 - head.length - tail.length - (plain.includes('.') ? 1 : 0)
  const groups = [...head, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail]
  const network = groups.slice(0, 4).map(group => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
