import { execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** Why nothing can be traced here; undefined where it can. */
export function cannotTrace(): string | undefined {
  try {
    execFileSync('strace', ['-f', '-e', 'trace=network', 'true'], { stdio: 'ignore' })
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'strace is not installed'
      : 'strace may not trace here'
  }
}

export interface Traced {
  readonly exitCode: number | undefined
  readonly all: string
  /** Every address of an Internet protocol that was connected or sent to, such as 127.0.0.1 and ::1. */
  readonly spokenTo: readonly string[]
  /** Those that somebody wanted to be spoken to at. */
  readonly bound: readonly string[]
}

/** Runs a program and sees which addresses it and all that it starts have to do with; ends when the last of them ends. */
export async function traceNetwork(
  command: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Record<string, string | undefined>
    readonly folder: string
  },
): Promise<Traced> {
  const { cwd, env, folder } = options
  const trace = join(folder, 'trace')
  const { exitCode, all } = await execa('strace', ['-ff', '-e', 'trace=network', '-o', trace, ...command], {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
  })
  const names = (await readdir(folder)).filter(name => name.startsWith('trace.'))
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))
  const found = (calls: RegExp): string[] => [...new Set(texts.flatMap(text => addressesIn(text, calls)))]
  return { exitCode, all, spokenTo: found(/^(connect|sendto|sendmsg|sendmmsg)\(/), bound: found(/^bind\(/) }
}

function addressesIn(text: string, calls: RegExp): string[] {
  return text
    .split('\n')
    .filter(line => calls.test(line))
    .flatMap(line => [
      ...Array.from(line.matchAll(/inet_addr\("([^"]+)"\)/g), match => match[1] ?? ''),
      ...Array.from(line.matchAll(/inet_pton\(AF_INET6, "([^"]+)"/g), match => match[1] ?? ''),
    ])
}
