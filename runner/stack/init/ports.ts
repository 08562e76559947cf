/** What a command line tells about the port that its program listens on. */
export type PortSaid =
  | { readonly type: 'number'; readonly port: number }
  /** It takes whatever `$PORT` says; `listens`: as an option or an address, so that it listens there for certain. */
  | { readonly type: 'variable'; readonly listens: boolean }
  | { readonly type: 'nothing' }

/** Only what is certain: two different numbers are as good as none. */
export function portIn(command: string): PortSaid {
  const numbers = new Set<number>()
  for (const pattern of patterns) {
    for (const [, digits] of command.matchAll(pattern)) {
      const port = Number(digits)
      if (port >= 1024 && port <= 65535) numbers.add(port)
    }
  }
  const [port] = numbers
  if (numbers.size === 1 && port !== undefined) return { type: 'number', port }
  if (numbers.size > 0 || !/\$\{?PORT\b/.test(command)) return { type: 'nothing' }
  return { type: 'variable', listens: /(?:--(?:http-)?port[= ]|\s-p[= ]?|:)["']?\$\{?PORT\b/.test(command) }
}

const patterns = [
  /(?<![\w-])--(?:http-)?port[= ](\d+)(?![\w:.])/g,
  /(?<![\w-])-p[= ]?(\d+)(?![\w:.])/g,
  /(?<![\w$])PORT=(\d+)(?![\w:.])/g,
  /\$\{PORT:-(\d+)\}/g,
  // gunicorn, puma, php, Django: an address of this machine with its port.
  /(?:localhost|0\.0\.0\.0|127\.0\.0\.1|\[::1?\]):(\d+)(?![\w.])/g,
  /\brunserver (\d+)\b/g,
  /\bhttp\.server (\d+)\b/g,
]
