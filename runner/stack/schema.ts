import { z } from 'zod'
import { modelEntry } from '../../models/catalog.ts'
import { anyModelId } from '../../models/models-file.ts'

/**
 * What a stack.yaml may say. docs/stack.md describes each key for people; types and defaults are these. The descriptions
 * are what an editor shows (json-schema.ts).
 */

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'a name of small letters, digits and hyphens, such as web-server')

const port = z.int().min(1).max(65535)

const ready = z.union(
  [
    z.strictObject({ log: z.string().min(1).describe('A regular expression, tried on each line') }),
    z.strictObject({ tcp: port.describe('A port of this machine that answers') }),
    z.strictObject({
      http: z
        .string()
        .regex(/^(\/|https?:\/\/)/)
        .describe('A path on its port, or a whole URL; an answer below 400 is good'),
    }),
    z.strictObject({ exec: z.string().min(1).describe('A line for sh that exits with 0') }),
  ],
  {
    error:
      'one of: log: <text or regular expression>, tcp: <port>, http: </path or URL>, exec: <shell command>',
  },
)

const seconds = z.number().min(0).max(3600)

const units = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** A number of bytes, such as 512MB; as a number in the result. */
const bytes = z
  .string()
  .regex(/^\d+(\.\d+)? ?(B|[kK]B|MB|GB|KiB|MiB|GiB)$/, 'a size such as 512MB or 2GiB')
  .transform(text => {
    const [, number = '0', unit = 'B'] = /^([\d.]+) ?(\w+)$/.exec(text) ?? []
    return Math.round(Number(number) * units[unit as keyof typeof units])
  })

const liveness = z.union(
  [
    z.strictObject({ tcp: port, every: seconds.default(10), failures: z.int().min(1).default(3) }),
    z.strictObject({
      http: z.string().regex(/^(\/|https?:\/\/)/),
      every: seconds.default(10),
      failures: z.int().min(1).default(3),
    }),
    z.strictObject({
      exec: z.string().min(1),
      every: seconds.default(10),
      failures: z.int().min(1).default(3),
    }),
  ],
  {
    error:
      'one of tcp: <port>, http: </path or URL>, exec: <shell command>; with every: <seconds> and failures: <number> if you like',
  },
)

const watchSettings = z.strictObject({
  paths: z.array(z.string().min(1)).min(1),
  ignore: z.array(z.string().min(1)).default([]),
  debounce: seconds.default(0.3),
})

const watch = z.union([z.array(z.string().min(1)).min(1), watchSettings], {
  error: 'a list of files and folders, or paths: with ignore: and debounce:',
})

const service = z.strictObject({
  command: z
    .union([z.string().min(1), z.array(z.string()).min(1)], {
      error: 'a command line, or a list of program and arguments',
    })
    .describe('A list of program and arguments, or a line for sh'),
  cwd: z.string().optional().describe('Its working directory; without it, the folder of this file'),
  env: z.record(z.string(), z.coerce.string()).default({}).describe('More environment variables'),
  env_file: z
    .union([z.string(), z.array(z.string())], { error: 'a file, or a list of files' })
    .optional()
    .describe('A .env file, or a list of them; a later one goes over an earlier one, env over all'),
  port: port
    .optional()
    .describe('Checked before the start; given to the service as PORT, and to all as COURANTE_PORT_<NAME>'),
  depends_on: z.array(name).default([]).describe('Started when these are ready, stopped before them'),
  ready: ready
    .optional()
    .describe(
      'What must be seen before it counts as ready; without it, that its port answers, else its start',
    ),
  ready_timeout: seconds.default(60).describe('Seconds; then it is stopped and tried again'),
  stop_signal: z
    .enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP'])
    .default('SIGTERM')
    .describe('How it is asked to end'),
  stop_grace: seconds
    .default(5)
    .describe('Seconds from the stop signal until its whole process group is killed'),
  restart: z
    .enum(['always', 'on-failure', 'never'])
    .default('always')
    .describe('When it ended unasked; with a delay that doubles from 0.5 s to 30 s'),
  max_failures: z.int().min(0).default(0).describe('After so many failures in a row it stays down; 0: never'),
  pane: name.optional().describe('Where its log is shown: one of console.panes; without it, the first'),
  oneshot: z
    .boolean()
    .default(false)
    .describe('A task that runs to its end: who depends on it waits until it has exited with 0'),
  liveness: liveness
    .optional()
    .describe('Asked while it is ready; after some bad answers in a row it is restarted'),
  memory_limit: bytes
    .optional()
    .describe('Such as 2GB, for all of its processes together: above it, it is restarted (Linux)'),
  watch: watch.optional().describe('Files and folders whose change restarts it at once'),
  profiles: z
    .array(name)
    .default([])
    .describe(
      'It is there only in runs with one of these profiles; in others, nobody who depends on it waits for it',
    ),
  code: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Files and folders that it runs: the key R restarts it, too, when one has changed since its start',
    ),
})

const versionRange = z
  .string()
  .regex(
    /^(?:(?:>=|<=|==|!=|~=|>|<) *\d+(?:\.\d+)*)(?: *, *(?:>=|<=|==|!=|~=|>|<) *\d+(?:\.\d+)*)*$/,
    'a version range such as ">=3.12"',
  )

const python = z.strictObject({
  version: versionRange.default('>=3.12').describe('The Python that is looked for, such as >=3.12'),
  venv: z
    .string()
    .default('venv')
    .describe(
      'Folder of the virtual environment, made and filled with consent; its bin comes first on every PATH',
    ),
  requirements: z
    .array(z.string())
    .default(['requirements.txt', 'requirements-dev.txt'])
    .describe('Requirements files; one that is not there is passed over'),
  optional: z.boolean().default(false).describe('If no Python fits: a note, and not an end'),
})

const tool = z.strictObject({
  name: z.string().min(1).describe('The program, as it is looked up on PATH'),
  or: z.array(z.string().min(1)).default([]).describe('Programs that would do in its place'),
  why: z.string().describe('What it is for'),
  optional: z.boolean().default(false).describe('If it is missing: a note, and not an end'),
})

const profile = z.union(
  [
    z.array(name).min(1),
    z.strictObject({
      services: z.array(name).min(1),
      env: z.record(z.string(), z.coerce.string()).describe('More environment variables of all services'),
    }),
  ],
  { error: 'a list of services, or services: with env:' },
)

export const stackSchema = z.strictObject({
  version: z.literal(1).default(1).describe('Of this format'),
  // Who loads it has put the folder's name there.
  name: name.default('stack').describe('Shown in the console; without it, the name of the folder'),
  home: z.string().default('var').describe('Where a run writes: logs, transcript, state'),
  environment: z
    .strictObject({
      node: versionRange.optional().describe('The Node that must run the stack, such as >=24.12'),
      python: python.optional().describe('A virtual environment for the services that are written in Python'),
      tools: z.array(tool).default([]).describe('Programs of the system'),
    })
    .default({ tools: [] })
    .describe('What must be there before the services start'),
  models: z.array(modelEntry).default([]).describe('Ids of the catalogue, or model files of your own'),
  language_model: anyModelId
    .optional()
    .describe('The id of the model that answers where nobody names one; courante setup chooses it'),
  without: z
    .array(z.string().min(1))
    .default([])
    .describe('What is not installed here, by id: models, python, gpu; what was unchecked in the question'),
  services: z
    .record(name, service)
    .refine(services => Object.keys(services).length > 0, 'at least one service')
    .describe('What is started, by name'),
  console: z
    .strictObject({
      transcript: z
        .union([z.literal(true), z.string().min(1)], { error: 'a file, or true for transcript.log in home' })
        .optional()
        .describe(
          'The file that the top half follows, or true for transcript.log in home; without it, no top half',
        ),
      panes: z
        .array(name)
        .min(1)
        .max(2)
        .default(['services'])
        .describe('One or two: bottom left (two thirds) and bottom right'),
      open: z
        .union([name, z.array(name).min(1)], { error: 'a service, or a list of services' })
        .optional()
        .describe('The service whose address is shown; of a list, the first that is in the run'),
    })
    .default({ panes: ['services'] })
    .describe('What is shown where'),
  restart_key: z.array(name).default([]).describe('The services that the key R restarts; without it, all'),
  profiles: z
    .record(name, profile)
    .default({})
    .describe('Names for parts of the stack: up --profile NAME starts these and what they depend on'),
  logs: z
    .strictObject({
      max_file: bytes.default(16e6).describe('Size of a log file before the next one is begun; 16MB'),
      max_total: bytes.default(512e6).describe('What all log files may take, the oldest go first; 512MB'),
      max_age_days: z.number().min(0.01).default(14).describe('For how long log files are kept'),
    })
    .default({ max_file: 16e6, max_total: 512e6, max_age_days: 14 })
    .describe('How much of the past is kept on disk'),
})

export type StackFile = z.infer<typeof stackSchema>
