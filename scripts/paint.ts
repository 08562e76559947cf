// paint [WORD…] [--model ID] [--out FILE.png|-] [--width N] [--height N] [--steps N] [--guidance N] [--sampler NAME] [--seed N] [--count N] [--negative TEXT] [--json] [--home DIR]: pictures from words, as PNG files
import { exit } from '../lib/exit.ts'
import { type Io, runMain } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import {
  type ImageRequestInput,
  paintedSchema,
  type PaintLine,
  paintLineSchema,
} from '../services/portal/image-request.ts'
import { gallery } from './paint/gallery.ts'
import { coreProblems, paintNotes, paintProblems as problems, textProblems } from './shared/messages.ts'
import { readStdin } from './shared/read-text.ts'
import { runJob, type Settled } from './shared/run-job.ts'
import { homeOf, numberOption, parseOptions, script } from './shared/script.ts'

/** As the request's schema has them. */
const longest = 20_000
const side = { min: 64, max: 4096, whole: true } as const

const options = {
  model: { type: 'string' },
  out: { type: 'string' },
  width: { type: 'string' },
  height: { type: 'string' },
  steps: { type: 'string' },
  guidance: { type: 'string' },
  sampler: { type: 'string' },
  seed: { type: 'string' },
  count: { type: 'string' },
  negative: { type: 'string' },
  json: { type: 'boolean', default: false },
  home: { type: 'string' },
} as const

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals: words, values } = parseOptions(
    { args: argv, options, allowPositionals: true },
    problems.usage,
  )
  const { model, out, sampler, negative, json } = values
  const parameters = given({
    model,
    sampler,
    negativePrompt: negative,
    width: sideOf('width', values.width),
    height: sideOf('height', values.height),
    steps: numberOption('steps', values.steps, { min: 1, max: 150, whole: true }, problems.usage),
    guidance: numberOption('guidance', values.guidance, { min: 0, max: 30 }, problems.usage),
    seed: numberOption('seed', values.seed, { min: 0, max: 0xffff_ffff, whole: true }, problems.usage),
  })
  const count = numberOption('count', values.count, { min: 1, max: 16, whole: true }, problems.usage) ?? 1
  checkOut(out, { json, count, io })
  const prompt = words.length > 0 ? words.join(' ') : await readStdin(io)
  if (prompt.trim() === '') throw new ProblemError(problems.usage('there is nothing to paint'))
  for (const [name, text] of [
    ['the text', prompt],
    ['--negative', negative ?? ''],
  ] as const)
    if (text.length > longest)
      throw new ProblemError(textProblems.tooLong(name, `${longest.toLocaleString('en')} characters`))
  const request: ImageRequestInput = { kind: 'paint', prompt, count, ...parameters }
  await using target = await gallery(out, count, io)
  const result = await paint(request, { home: homeOf(values.home, io), io }, target.folder)
  if (!result.ok) {
    if (json) io.stdout.write(`${JSON.stringify(result)}\n`)
    const { code } = result.error
    throw new ProblemError(
      code === 'model_missing' && model === undefined
        ? problems.noModel()
        : coreProblems.refused(result.error),
    )
  }
  const files = await target.deliver(paintedSchema.parse(result).images)
  if (json) io.stdout.write(`${JSON.stringify({ ...result, files })}\n`)
  else for (const file of files) io.stdout.write(`${file}\n`)
  return exit.ok
})

function paint(
  request: ImageRequestInput,
  place: { home: string; io: Io },
  filesTo: string,
): Promise<Settled> {
  let at: PaintLine | undefined
  return runJob(
    {
      service: 'image',
      request,
      filesTo,
      onLine: line => void (at = paintLineSchema.parse(line)),
      onRestart: () => void (at = undefined),
      busy: () => paintNotes.busy(at),
      wordless: true,
    },
    place,
  )
}

function checkOut(
  out: string | undefined,
  { json, count, io }: { json: boolean; count: number; io: Io },
): void {
  if (out === undefined) return
  if (out === '') throw new ProblemError(problems.usage('--out needs a name'))
  if (out !== '-') {
    if (/\.(jpe?g|webp|gif|avif|tiff?|bmp)$/i.test(out)) throw new ProblemError(problems.onlyPng(out))
    return
  }
  if (json) throw new ProblemError(problems.usage('--out - and --json both want stdout'))
  if (count > 1) throw new ProblemError(problems.usage('--out - has room for one picture'))
  if (io.stdout.isTTY === true) throw new ProblemError(problems.terminal())
}

function sideOf(name: string, text: string | undefined): number | undefined {
  const pixels = numberOption(name, text, side, problems.usage)
  if (pixels !== undefined && pixels % 8 !== 0) throw new ProblemError(problems.side(name, pixels))
  return pixels
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>
}

if (import.meta.main) await runMain(run)
