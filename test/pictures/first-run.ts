import { execa } from 'execa'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { root } from '../support/our-stack.ts'
import { framesOf, Recorder } from '../support/recorder.ts'
import { movingSvg } from './svg.ts'

/**
 * Makes the README's picture of a first run, in a terminal 80 columns wide: a clean clone of this repository, on a machine
 * with an older Node, nothing of Courante, and the default ports free. docs/first-run.cast is asciinema's format,
 * docs/first-run.svg moves. Pauses are cut to a second.
 */
const size = { columns: 80, rows: 26 }
await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-picture-'))
const clone = join(folder.path, 'courante')
await execa('git', ['clone', '--quiet', root, clone])
const shell = new Recorder(['bash', '--norc', '--noprofile'], {
  ...size,
  cwd: clone,
  env: {
    HOME: folder.path,
    PATH: process.env['PICTURE_PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    PS1: '~/courante $ ',
    npm_config_userconfig: process.env['PICTURE_NPMRC'],
    NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'],
  },
})
await shell.shows(/courante \$/)
await type('npm run up\r')
await shell.shows(/Install it\?/)
await delay(1500)
await type('\r')
await answer(/language model/i, 'starter')
await answer(/Together[^]*Install\?/, '\r')
await until(/frontend ready/, 120_000)
await delay(2500)
shell.press('q')
await until(/Its logs/, 30_000)
const cast = withoutPauses(shell.cast('courante: the first run'), 1)
await writeFile(join(root, 'docs/first-run.cast'), cast)
const { frames } = await framesOf(cast, 0.1)
const seconds = Math.ceil((frames.at(-1)?.at ?? 0) + 3)
await writeFile(join(root, 'docs/first-run.svg'), movingSvg(frames, size, seconds))
shell.press('exit\r')
await shell.ended

async function type(text: string): Promise<void> {
  for (const key of text) {
    shell.press(key)
    await delay(60)
  }
}

/** Downloads take as long as they take. */
async function until(pattern: RegExp, ms: number): Promise<void> {
  const end = Date.now() + ms
  while (!pattern.test(shell.screen.text())) {
    if (Date.now() > end) throw new Error(`never showed ${pattern}:\n${shell.screen.text()}`)
    await delay(100)
  }
}

async function answer(pattern: RegExp, how: string): Promise<void> {
  await until(pattern, 180_000)
  await delay(2500)
  if (how === 'starter') {
    // The last of the list.
    for (let i = 0; i < 30 && !/❯[^\n]*(starter|demo)/i.test(shell.screen.text()); i++) {
      shell.press('\u001B[B')
      await delay(150)
    }
    await delay(1000)
    shell.press('\r')
  } else shell.press(how)
}

function withoutPauses(text: string, longest: number): string {
  const [header = '', ...lines] = text.trimEnd().split('\n')
  let before = 0
  let at = 0
  const moved = lines.map(line => {
    const [time, kind, data] = JSON.parse(line) as [number, string, string]
    at += Math.min(time - before, longest)
    before = time
    return JSON.stringify([Number(at.toFixed(3)), kind, data])
  })
  return `${[header, ...moved].join('\n')}\n`
}
