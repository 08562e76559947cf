// transcribe FILE… [--model ID] [--timestamps] [--json] [--home DIR]: speech to text from recordings; - is stdin
import { exit } from '../lib/exit.ts'
import { type Io, runMain } from '../lib/io.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { transcriptionSchema } from '../services/portal/stt-request.ts'
import { coreProblems, transcribeNotes, transcribeProblems as problems } from './shared/messages.ts'
import { homeOf, parseOptions, script } from './shared/script.ts'
import { clockOf, transcribe } from './shared/transcription.ts'
import { oneLine } from './shared/visible.ts'

interface Options {
  readonly model: string | undefined
  readonly timestamps: boolean
  readonly json: boolean
  readonly home: string
}

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals: files, values } = parseOptions(
    {
      args: argv,
      options: {
        model: { type: 'string' },
        timestamps: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        home: { type: 'string' },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  if (files.length === 0) throw new ProblemError(problems.usage('a recording is missing'))
  if (files.filter(file => file === '-').length > 1)
    throw new ProblemError(problems.usage('- is there twice'))
  const { model, timestamps, json } = values
  const options = { model, timestamps, json, home: homeOf(values.home, io) }
  let code: number = exit.ok
  for (const file of files) {
    try {
      await show(file, files.length > 1, options, io)
    } catch (error) {
      if (!(error instanceof ProblemError) || files.length === 1) throw error
      // Without core none of the others can be done either.
      if (error.problem.exit !== exit.failed) throw error
      const { problem } = error
      const what = problem.what.includes(file) ? problem.what : `${file}: ${problem.what}`
      io.stderr.write(formatProblem({ ...problem, what }))
      code = exit.failed
    }
  }
  return code
})

/** Lines for a person as they come; for a program one for the whole recording, since it can't know where the next begins. */
async function show(file: string, among: boolean, options: Options, io: Io): Promise<void> {
  const { model, timestamps, json, home } = options
  const write = (text: string): void => void io.stdout.write(`${among ? `${file}: ` : ''}${text}\n`)
  const atOnce = !json && (timestamps || io.stdout.isTTY === true)
  let lines = 0
  const result = await transcribe(file, {
    home,
    io,
    model,
    onSegment: ({ start, end, text }) => {
      if (!atOnce) return
      lines++
      write(`${timestamps ? `[${clockOf(start)} --> ${clockOf(end)}] ` : ''}${oneLine(text)}`)
    },
  })
  if (json) io.stdout.write(`${JSON.stringify({ file, ...result })}\n`)
  if (!result.ok) throw new ProblemError(coreProblems.refused(result.error))
  if (json) return
  const { text } = transcriptionSchema.parse(result)
  if (!atOnce) write(oneLine(text))
  else if (lines === 0 && io.stderr.isTTY === true) io.stderr.write(`${transcribeNotes.noWords}\n`)
}

if (import.meta.main) await runMain(run)
