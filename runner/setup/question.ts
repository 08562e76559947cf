import type { Io } from '../../lib/io.ts'
import { formatProblem, ProblemError } from '../../lib/problem.ts'
import { probeEndpoint } from '../../models/probe.ts'
import type { Models } from '../models/open.ts'
import { plain } from '../../lib/plain.ts'
import { table } from '../portal/text.ts'
import { choose, prompt } from '../prompt.ts'
import type { RunContext } from '../run-context.ts'
import { wrap } from '../wrap.ts'
import { type Chosen, isEndpoint, modelNamed, serverModel } from './chosen.ts'
import { look, type Seen } from './look.ts'
import { words } from './messages.ts'
import { type Answer, type Row, rowsOf } from './rows.ts'

/**
 * Asks on one screen which language model it should be. Undefined after Escape, Ctrl-C or a signal: nothing was written. What
 * can't be used is told, and the question comes again.
 */
export async function askForModel(context: RunContext, models: Models, io: Io): Promise<Chosen | undefined> {
  io.stdout.write(words.looking)
  const seen = await look(context, models, io).catch((error: unknown) => {
    if (io.signal.aborted) return undefined
    throw error
  })
  if (seen === undefined) return undefined
  io.stdout.write('\r\u001B[K')
  const rows = rowsOf(seen)
  for (;;) {
    io.stdout.write(`\n${machineWords(seen, io)}\n\n`)
    const answer = await askOnce(rows, io)
    if (answer === undefined) return undefined
    try {
      const chosen = await choiceOf(answer, models, io)
      if (io.signal.aborted) return undefined
      if (chosen !== undefined) return chosen
    } catch (error) {
      if (io.signal.aborted) return undefined
      if (!(error instanceof ProblemError)) throw error
      io.stderr.write(formatProblem(error.problem))
    }
  }
}

/** Undefined: nothing was answered to what was asked next. */
async function choiceOf(answer: Answer, models: Models, io: Io): Promise<Chosen | undefined> {
  if (answer.type === 'model') return { id: answer.id }
  if (answer.type === 'server') {
    const { program, models: names } = answer.server
    const name = await oneOf(words.serverModel(program), names, io)
    return name === undefined ? undefined : serverModel(answer.server, name, models)
  }
  const word = await text(words.otherAsk, io)
  if (word === undefined || word === '') return undefined
  if (!isEndpoint(word)) return await modelNamed(word, {}, models, io)
  const key = await text(words.keyAsk, io)
  if (key === undefined) return undefined
  const keyEnv = key === '' ? {} : { 'key-env': key }
  const name = await nameThere(word, key, io)
  return await modelNamed(word, { ...keyEnv, ...(name === undefined ? {} : { name }) }, models, io)
}

/** Of a server that has several models, the one that is chosen. Undefined: there is nothing to choose, and `add` says why. */
async function nameThere(url: string, key: string, io: Io): Promise<string | undefined> {
  const base = url.replace(/\/$/, '')
  const { env, signal } = io
  const probe = await probeEndpoint(base, key === '' ? undefined : env[key], { env, signal, waitMs: 5000 })
  return probe.ok && probe.value.length > 1 ? await oneOf(words.nameAsk, probe.value, io) : undefined
}

async function oneOf(question: string, names: readonly string[], io: Io): Promise<string | undefined> {
  if (names.length === 1) return names[0]
  return choose(
    question,
    names.map(name => ({ title: plain(name), value: name })),
    io,
  )
}

async function text(question: string, io: Io): Promise<string | undefined> {
  return (await prompt<string>({ type: 'text', message: question }, io))?.trim()
}

async function askOnce(rows: readonly Row[], io: Io): Promise<Answer | undefined> {
  const { columns: width = 80, rows: height = 24 } = io.stdout as { columns?: number; rows?: number }
  const [head = '', ...titles] = titlesOf(rows, width - indent - 1)
  const at = await prompt<number>(
    {
      type: 'select',
      message: words.question,
      // Below it, the titles of the columns: prompts has no other place for them.
      hint: `${words.hint}\n${' '.repeat(indent)}${head}`,
      choices: rows.map(({ about }, i) => ({
        title: titles[i] ?? '',
        value: i,
        description: wrap(about, width - indent - 2).join('\n'),
      })),
      initial: 0,
      optionsPerPage: Math.max(5, height - 9),
    } as Parameters<typeof prompt>[0],
    io,
  )
  const row = at === undefined ? undefined : rows[at]
  if (row === undefined) return undefined
  // What prompts leaves behind is the question with the whole row, over the end of the line.
  const left = Math.ceil((`? ${words.question} › `.length + (titles[rows.indexOf(row)] ?? '').length) / width)
  io.stdout.write(`\u001B[${left}A\r\u001B[J${words.picked(row.cells[0])}`)
  return row.answer
}

/** What prompts puts before each choice. */
const indent = 4

/** Rows as lines of columns that fit; a name that is too long for that is shortened in its middle. */
function titlesOf(rows: readonly Row[], width: number): string[] {
  const cells = [words.columns, ...rows.map(row => row.cells)]
  const rest = Math.max(...table(cells.map(row => row.slice(1))).map(line => line.length))
  const most = Math.max(12, width - rest - 2)
  return table(cells.map(([name = '', ...others]) => [short(name, most), ...others]))
}

function short(name: string, most: number): string {
  if (name.length <= most) return name
  const tail = Math.floor((most - 1) / 2)
  return `${name.slice(0, most - 1 - tail)}…${name.slice(-tail)}`
}

function machineWords({ machine, budget, beside, free }: Seen, io: Io): string {
  const rest = [
    words.cores(machine.cores),
    words.gpus(machine.gpus),
    ...(free === undefined ? [] : [words.free(free)]),
  ].join(', ')
  const told = words.machine({ memory: machine.memory, budget, beside }, `${rest}.`)
  return wrap(told, (io.stdout.columns ?? 80) - 1).join('\n')
}
