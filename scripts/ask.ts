// ask [WORD…] [--model ID] [--system TEXT] [--file PATH]… [--image PATH]… [--temperature N] [--max-tokens N] [--seed N] [--stop TEXT]… [--schema FILE] [--json] [--home DIR]: a question to a language model; on a terminal without words, a talk
import { exit } from '../lib/exit.ts'
import { type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import type { ChatMessage } from '../services/portal/llm-request.ts'
import { readPictures } from './ask/pictures.ts'
import { filesText, joined, readSchema, userMessage } from './ask/prompt.ts'
import { ask, type Manner, put } from './ask/question.ts'
import { talk } from './ask/talk.ts'
import { askProblems as problems, coreProblems } from './shared/messages.ts'
import { readStdin } from './shared/read-text.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'

interface Options {
  readonly model?: string
  readonly temperature?: string
  readonly 'max-tokens'?: string
  readonly seed?: string
  readonly stop?: string[]
  readonly schema?: string
}

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals: words, values } = parseOptions(
    {
      args: argv,
      options: {
        model: { type: 'string' },
        system: { type: 'string' },
        file: { type: 'string', multiple: true, default: [] },
        image: { type: 'string', multiple: true, default: [] },
        temperature: { type: 'string' },
        'max-tokens': { type: 'string' },
        seed: { type: 'string' },
        stop: { type: 'string', multiple: true },
        schema: { type: 'string' },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const manner = await mannerOf(values, io)
  const home = homeOf(values.home, io)
  const system: ChatMessage[] =
    values.system === undefined ? [] : [{ role: 'system', content: values.system }]
  const files = await filesText(values.file, io)
  const pictures = await readPictures(values.image, io)
  const typed = words.join(' ')
  const given = await readStdin(io)
  const isTalk = typed === '' && io.stdin.isTTY === true && io.stdout.isTTY === true && !values.json
  if (isTalk) return talk({ manner, system, opening: files, pictures, home, io })
  const content = joined([files, typed, given.trimEnd()])
  if (content === '' && pictures.length === 0) throw new ProblemError(problems.usage('a question is missing'))
  const messages = [...system, userMessage(content, pictures)]
  const question = { manner, messages, pictures, home, io }
  if (!values.json) {
    await ask(question)
    return exit.ok
  }
  const result = await put(question)
  io.stdout.write(`${JSON.stringify(result)}\n`)
  if (!result.ok) throw new ProblemError(coreProblems.refused(result.error))
  return exit.ok
})

async function mannerOf(options: Options, io: Io): Promise<Manner> {
  const { model, stop, schema } = options
  const whole = { max: 0xffff_ffff, whole: true }
  const temperature = numberOption('temperature', options.temperature, { min: 0, max: 2 }, problems.usage)
  const maxTokens = numberOption('max-tokens', options['max-tokens'], { min: 1, ...whole }, problems.usage)
  const seed = numberOption('seed', options.seed, { min: 0, ...whole }, problems.usage)
  if (stop !== undefined && (stop.length > 16 || stop.some(text => text === '' || text.length > 200))) {
    throw new ProblemError(problems.usage('--stop takes 1 to 200 characters, and is there 16 times at most'))
  }
  return {
    ...(model === undefined ? {} : { model }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop }),
    ...(schema === undefined ? {} : { format: { type: 'schema', schema: await readSchema(schema, io) } }),
  }
}

if (import.meta.main) await runMain(run)
