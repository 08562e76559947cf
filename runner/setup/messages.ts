import { exit } from '../../lib/exit.ts'
import { exitCodeOf } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Gpu } from '../../models/machine.ts'
import type { Verdict } from '../../models/recommend.ts'
import { memory } from '../console/units.ts'

/** Every sentence about a failure of the choice of a language model. */
export const problems = {
  declined: (): Problem => ({
    code: 'declined',
    what: 'no language model was chosen, and nothing was changed.',
    todo: 'Run it again when you like. courante up --yes asks nothing and takes the demo.',
    exit: exit.declined,
  }),
  interrupted: (signal: string): Problem => ({
    code: 'interrupted',
    what: 'stopped before a language model was chosen; nothing was changed.',
    exit: exitCodeOf(signal),
  }),
  cannotAsk: (): Problem => ({
    code: 'cannot_ask',
    what: 'nobody can be asked here which language model it should be.',
    todo: 'Name one: courante setup --model ID|FILE|URL. All ids: courante models ls --all',
    exit: exit.usage,
  }),
  notLanguage: (id: string, kind: string): Problem => ({
    code: 'wrong_kind',
    what: `${id} is no language model (its kind is ${kind}).`,
    todo: 'courante models ls --all shows which are of the kind llm.',
    exit: exit.usage,
  }),
  needsModel: (option: string): Problem => ({
    code: 'bad_arguments',
    what: `${option} is about the server that --model names.`,
    todo: 'Give its URL as well: --model http://localhost:8080/v1',
    exit: exit.usage,
  }),
}

/** What the question says, and what is told besides failures. */
export const words = {
  askedAgain: (ids: readonly string[]): string =>
    `The next courante up asks again for what was left out: ${ids.join(', ')}\n`,
  looking: 'looking at this machine …',
  machine: (sizes: { readonly [key in 'memory' | 'budget' | 'beside']: number }, rest: string): string => {
    const speech = sizes.beside > 0 ? `; the stack's other models take ${memory(sizes.beside)} of it` : ''
    return `This machine has ${memory(sizes.memory)} of memory, of which models may take ${memory(sizes.budget)}${speech}. ${rest}`
  },
  cores: (count: number): string => (count === 1 ? '1 core' : `${count} cores`),
  gpus: (gpus: readonly Gpu[]): string =>
    gpus.length === 0 ? 'no graphics card' : gpus.map(gpuWords).join(', '),
  free: (bytes: number): string => `${memory(bytes)} free on the disk`,
  question: 'Which language model should answer?',
  hint: '(arrows, Enter; Esc ends)',
  columns: ['model', 'download', 'memory', 'licence', ''],
  marks: {
    best: '',
    good: '',
    slow: 'slow',
    no_memory: 'too big',
    no_disk: 'no room',
  } satisfies Record<Verdict, string>,
  /** `by`: what does the work. */
  verdicts: {
    best: (by: string): string =>
      `Recommended: the biggest that fits beside the rest and is quick enough with ${by}.`,
    good: (): string => 'Fits, and is quicker than a bigger one.',
    slow: (by: string): string => `Fits, and knows more; but with ${by} each answer takes long.`,
    no_memory: (): string => 'Takes more memory than models may have here: it could not be loaded.',
    no_disk: (): string => 'The disk has no room for it.',
  } satisfies Record<Verdict, (by: string) => string>,
  graphics: 'the graphics card',
  recommended: (id: string): string => `${id}, recommended`,
  context: (used: number, trained: number): string =>
    used < trained ? `${used} tokens of context (trained for ${trained})` : `${used} tokens of context`,
  here: 'here',
  runs: 'runs now',
  elsewhere: 'its own',
  unknownLicence: 'unknown',
  hereAbout: (title: string, origin: string): string =>
    `${title}: ${origin}. Used where it lies, nothing is copied.`,
  hereTooBig: 'Takes more memory than models may have here.',
  remoteAbout: (url: string): string => `Asked at ${url}. What you say to it goes there.`,
  server: (program: string, models: readonly string[]): string =>
    models.length === 1 ? `${program}: ${models[0]}` : `${program}, ${models.length} models`,
  serverAbout: (url: string): string =>
    `A program of this machine that answers at ${url}; it has to run whenever a model is asked.`,
  serverModel: (program: string): string => `Which model of ${program}?`,
  other: 'another server, or a file',
  otherAbout: (more: number): string =>
    `The URL of an OpenAI-compatible server (ends in /v1) and its key, or the path of a GGUF file.${
      more === 0 ? '' : ` ${more} more models are here (courante models): an id will do, too.`
    }`,
  otherAsk: 'URL, path or id',
  keyAsk: 'Environment variable that holds its key (Enter: it needs none)',
  nameAsk: 'Which of its models?',
  starter: 'none for now: the starter',
  starterAbout: 'Comes with Courante: a demo for small talk, and no more. courante setup asks anew.',
  now: (id: string): string => `At present, ${id} answers where nobody names a model.\n`,
  picked: (name: string): string => `Language model: ${name}\n`,
  chosen: (id: string, file: string): string =>
    `${id} answers from now on where nobody names a model (${file}).\n`,
  takesOver: (name: string): string =>
    `${name} runs already: R in its console, or courante down and then up, takes it over.\n`,
  keyMissing: (name: string): string => `note: ${name} is not set here; it has to be where core runs.\n`,
}

const makers = { nvidia: 'NVIDIA', amd: 'AMD', intel: 'Intel', apple: 'Apple' }

function gpuWords({ vendor, memory: bytes }: Gpu): string {
  return `${makers[vendor]} graphics${bytes === undefined ? '' : ` with ${memory(bytes)}`}`
}
