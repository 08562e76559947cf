import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { parseModelsFile } from '../../models/models-file.ts'
import { Machine } from './models-machine.ts'
import { root } from './our-stack.ts'
import { Terminal } from './terminal.ts'

export const starter = join(root, 'models/starter/starter.gguf')

/** A stack with a language model to choose, on a machine where nothing else is. Disposal takes down what runs. */
export async function makeChoiceStack(yaml = 'language_model: starter\n') {
  const machine = await Machine.make()
  const file = machine.at('stack.yaml')
  await writeFile(
    file,
    `name: chosen\nhome: home\n${yaml}services:\n  a: { command: 'echo "model: $COURANTE_LANGUAGE_MODEL"; exec sleep 600' }\n`,
  )
  await mkdir(machine.at('run'), { mode: 0o700 })
  const base = { ...process.env, CI: undefined, npm_config_yes: undefined, npm_config_offline: undefined }
  const env: Record<string, string | undefined> = {
    ...base,
    ...machine.env,
    // Nobody is there.
    OLLAMA_HOST: '127.0.0.1:9',
    HF_HOME: machine.at('user/hf'),
    XDG_RUNTIME_DIR: machine.at('run'),
  }
  const main = [
    '--import',
    join(root, 'test/support/programs/nobody-serves.ts'),
    join(root, 'runner/main.ts'),
  ]
  const ask = (...words: string[]) =>
    execa(process.execPath, [...main, ...words, '--stack', file], {
      env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
  return {
    machine,
    file,
    env,
    ask,
    line: (...words: string[]) =>
      `${process.execPath} ${main.join(' ')} ${words.join(' ')} --stack ${file}; echo ended with $?`,
    open: (columns = 80) => Terminal.open({ columns, rows: 24, cwd: machine.path, env }),
    local: () => textAt(machine.at('stack.local.yaml')),
    own: async () => {
      const read = parseModelsFile(await readFile(machine.at('home/models.yaml'), 'utf8'))
      assert.ok(read.ok)
      return read.data
    },
    put: async (path: string) => {
      await mkdir(dirname(machine.at(path)), { recursive: true })
      await copyFile(starter, machine.at(path))
    },
    chosen: async () => {
      const { stdout } = await ask('models', 'default', '--json')
      return (JSON.parse(stdout) as { llm: string }).llm
    },
    [Symbol.asyncDispose]: async () => {
      if (existsSync(machine.at('home/run/stack.json'))) await ask('down')
      await machine[Symbol.asyncDispose]()
    },
  }
}

export async function textAt(path: string): Promise<string | undefined> {
  return existsSync(path) ? readFile(path, 'utf8') : undefined
}

/** What a server of these models answers to /v1/models. */
export function listOf(...ids: string[]) {
  return (_: IncomingMessage, response: ServerResponse): void => {
    response.end(JSON.stringify({ object: 'list', data: ids.map(id => ({ id })) }))
  }
}

/** Goes up in the list to the row that begins so, wherever it is on this machine, and takes it. */
export async function take(terminal: Terminal, begin: string): Promise<void> {
  for (;;) {
    const [, row = ''] = /^❯ +(.+)$/m.exec(await terminal.shows(/^❯ /m)) ?? []
    if (row.startsWith(begin)) break
    await terminal.press('Up')
    await terminal.shows(new RegExp(`^❯ +(?!${row.replaceAll(/\W/g, '\\$&')})`, 'm'))
  }
  await terminal.press('Enter')
}
