import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OurStack, root } from '../support/our-stack.ts'
import { courante } from '../support/courante.ts'
import { fetchSpeech, speech } from '../support/speech.ts'
import { Terminal } from '../support/terminal.ts'
import { screenToSvg } from './ansi-svg.ts'

/** Makes docs/console.svg from a real run on the default ports: a recording is streamed, and the screen is drawn. */
const columns = 120
await fetchSpeech(new AbortController().signal)
await using stack = await OurStack.make({ backend: 8770, frontend: 5173 })
await using terminal = await Terminal.open({ columns, rows: 30, cwd: root, env: stack.env })
await terminal.type(`clear; ${stack.command('up')}`)
await stack.ready()
await terminal.shows(/moonshine-tiny loaded/)
await courante(['mike', '--file', speech.path, '--fast'], {
  COURANTE_HOME: stack.home,
  COURANTE_PORT_BACKEND: String(stack.ports.backend),
})
await terminal.shows(/ask what you can do for your country/)
await terminal.press('r')
await terminal.shows(/restarting backend[^]*backend ready/)
await writeFile(join(root, 'docs/console.svg'), screenToSvg(await terminal.colouredScreen(), columns))
await terminal.press('q')
await stack.gone()
