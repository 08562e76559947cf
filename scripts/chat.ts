// chat [ROOM] [WORD…] [--follow] [-n N] [--quick] [--json] [--home DIR]: a room on the terminal; with words or stdin: say that and write the answers
import { type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { Backend, roomPath } from './chat/backend.ts'
import { follow, last } from './chat/follow.ts'
import { post } from './chat/post.ts'
import { talk } from './chat/talk.ts'
import { chatProblems as problems } from './shared/chat-messages.ts'
import { readStdin } from './shared/read-text.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'

/** The room that is there without anybody making it. */
const lobby = 'lobby'
/** As many as a page of the API has. */
const mostLines = 200

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: {
        follow: { type: 'boolean', short: 'f', default: false },
        lines: { type: 'string', short: 'n' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const [room = lobby, ...words] = positionals
  const lines = numberOption('lines', values.lines, { min: 0, max: mostLines, whole: true }, problems.usage)
  if (values.follow && words.length > 0) throw new ProblemError(problems.usage('--follow takes no words'))
  if (lines !== undefined && words.length > 0) throw new ProblemError(problems.usage('-n takes no words'))
  const backend = await Backend.open(homeOf(values.home, io), io)
  // Before stdin is read to its end.
  await ensureRoom(backend, room)
  if (values.follow) return follow(backend, { room, lines: lines ?? 10, json: values.json }, io)
  if (lines !== undefined) return last(backend, { room, lines, json: values.json }, io)
  const isTalk = words.length === 0 && io.stdin.isTTY === true && io.stdout.isTTY === true && !values.json
  if (isTalk) return talk(backend, room, io)
  const text = await textOf(words, io)
  if (text === '') throw new ProblemError(problems.usage('there is nothing to say'))
  return post(backend, { room, text, quick: values.quick, json: values.json }, io)
})

/** The words, then stdin, as `ask` has it. */
async function textOf(words: readonly string[], io: Io): Promise<string> {
  const given = (await readStdin(io)).trimEnd()
  return [words.join(' '), given].filter(part => part !== '').join('\n\n')
}

async function ensureRoom(backend: Backend, room: string): Promise<void> {
  try {
    await backend.tell('GET', roomPath(room))
  } catch (error) {
    const isMissing = error instanceof ProblemError && error.problem.code === 'no_such_room'
    if (!isMissing || room !== lobby) throw error
    await backend.tell('POST', '/rooms', { id: lobby })
  }
}

if (import.meta.main) await runMain(run)
