import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { OurStack, root } from '../support/our-stack.ts'
import { courante } from '../support/courante.ts'
import { fetchSpeech, speech } from '../support/speech.ts'
import { framesOf, Recorder } from '../support/recorder.ts'
import { movingSvg, stillSvg } from './svg.ts'

/**
 * Makes the README's pictures from a real run on the default ports, in which a recording is streamed in real time:
 * docs/console.cast (asciinema's format), docs/console.svg (a moment of it) and docs/console-moving.svg (all of it).
 */
const size = { columns: 120, rows: 30 }
await fetchSpeech(new AbortController().signal)
await using stack = await OurStack.make({ backend: 8770, frontend: 5173 })
const up = new Recorder([join(root, 'courante'), 'up', '--console', 'builtin', '--stack', stack.file], {
  ...size,
  cwd: root,
  env: { ...process.env, ...stack.env, COLORTERM: 'truecolor', TMUX: undefined, NO_COLOR: undefined },
})
await stack.ready()
await up.shows(/moonshine-tiny loaded/)
await courante(['mike', '--file', speech.path], {
  COURANTE_HOME: stack.home,
  COURANTE_PORT_BACKEND: String(stack.ports.backend),
})
await up.shows(/ask what you can do for your country/)
up.press('r')
await up.shows(/restarting backend[^]*backend ready/)
await delay(1500)
await writeFile(join(root, 'docs/console.svg'), stillSvg(up.screen.read(), size))
up.press('d')
await up.shows(/restarts/i)
await delay(3000)
up.press('d')
await delay(800)
up.press('q')
await up.ended
await writeFile(join(root, 'docs/console.cast'), up.cast('courante: npm run up'))
await stack.gone()

const { frames } = await framesOf(await readFile(join(root, 'docs/console.cast'), 'utf8'), 0.1)
const seconds = Math.ceil((frames.at(-1)?.at ?? 0) + 2)
await writeFile(join(root, 'docs/console-moving.svg'), movingSvg(frames, size, seconds))
