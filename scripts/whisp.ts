// whisp [FILE] [--device D] [--silence SECONDS] [--home DIR]: the text of a recording, or of what you say until Enter or a silence
import { exit } from '../lib/exit.ts'
import { exitCodeOf, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { transcriptionSchema } from '../services/portal/stt-request.ts'
import { coreProblems, whispProblems as problems } from './shared/messages.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'
import { transcribe } from './shared/transcription.ts'
import { oneLine } from './shared/visible.ts'
import { dictation } from './whisp/dictation.ts'

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: { device: { type: 'string' }, silence: { type: 'string' }, home: { type: 'string' } },
      allowPositionals: true,
    },
    problems.usage,
  )
  const [file, ...more] = positionals
  const silence = numberOption('silence', values.silence, { min: 0, max: 600 }, problems.usage) ?? 2
  if (more.length > 0) throw new ProblemError(problems.usage('one file at a time'))
  const home = homeOf(values.home, io)
  if (file !== undefined) {
    const result = await transcribe(file, { home, io })
    if (!result.ok) throw new ProblemError(coreProblems.refused(result.error))
    io.stdout.write(`${oneLine(transcriptionSchema.parse(result).text)}\n`)
    return exit.ok
  }
  const text = await dictation({ home, device: values.device, silence }, io)
  if (text !== '') io.stdout.write(`${text}\n`)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  if (text === '') throw new ProblemError(problems.nothingHeard())
  return exit.ok
})

if (import.meta.main) await runMain(run)
