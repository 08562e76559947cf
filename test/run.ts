import { glob } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { execa } from 'execa'
import { runMain, type Io } from '../lib/io.ts'
import { fetchSpeech } from './support/speech.ts'

const root = join(import.meta.dirname, '..')
const bin = (name: string): string => join(root, 'node_modules/.bin', name)

/** What `npm test` checks beside the tests: format, rules, types, unused code. */
const checks: readonly (readonly [string, ...string[]])[] = [
  ['oxfmt', '--check', '.'],
  ['oxlint', '--type-aware', '.'],
  ['tsc', '-p', '.'],
  ['tsc', '-p', 'web'],
  ['knip'],
]

/** `npm test [-- FILE…]`: the checks and all tests, or only the named test files. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const files = argv.length > 0 ? argv : await testFiles()
  if (argv.length === 0) {
    for (const [tool, ...args] of checks) {
      const result = await execa(bin(tool), args, {
        cwd: root,
        reject: false,
        all: true,
        cancelSignal: io.signal,
      })
      io.stdout.write(`${result.exitCode === 0 ? 'ok  ' : 'FAIL'} ${tool} ${args.join(' ')}\n`)
      if (result.exitCode !== 0) {
        io.stdout.write(`${result.all}\n`)
        return 1
      }
    }
  }
  const faults = await fetchSpeech(io.signal)
  for (const fault of faults)
    io.stdout.write(`note: ${fault}; tests that need it say that they were skipped\n`)
  // Two at a time, but for those that draw terminals or kill things at random: on a small machine, timing between two of
  // them proves nothing.
  const [paired, alone] = [files.filter(file => !isAlone(file)), files.filter(isAlone)]
  let code = 0
  for (const [together, concurrency] of [
    [paired, 2],
    [alone, 1],
  ] as const) {
    if (together.length === 0) continue
    const options = [`--test-concurrency=${concurrency}`, '--test-timeout=240000', '--test-reporter=spec']
    const tests = await execa(process.execPath, ['--test', ...options, ...together], {
      cwd: root,
      stdio: 'inherit',
      reject: false,
      cancelSignal: io.signal,
      env: testEnvironment(),
    })
    code ||= tests.exitCode ?? 1
  }
  return code
}

function isAlone(file: string): boolean {
  return /^test\/(chaos\/|e2e\/(complaints|console|screens|up)\b)/.test(file)
}

async function testFiles(): Promise<string[]> {
  const files: string[] = []
  const pattern = '{lib,models,runner,scripts,services,web,test}/**/*.test.ts'
  for await (const file of glob(pattern, { cwd: root, exclude: ['**/node_modules'] }))
    files.push(relative(root, join(root, file)))
  return files.sort()
}

/** Nothing of the caller's own run, terminal or npm settings may leak into what is tested. */
function testEnvironment(): Record<string, undefined> {
  const leaking = Object.keys(process.env).filter(name =>
    /^(CI|TMUX|COURANTE_.*|npm_config_yes|npm_config_no)$/.test(name),
  )
  return Object.fromEntries(leaking.map(name => [name, undefined]))
}

if (import.meta.main) await runMain(run)
