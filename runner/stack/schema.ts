import { z } from 'zod'
import { modelEntry } from '../../models/catalog.ts'

/** What a stack.yaml may say. docs/stack.md describes each key for people; types and defaults are these. */

const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'a name of small letters, digits and hyphens, such as web-server')

const port = z.int().min(1).max(65535)

const ready = z.union(
  [
    z.strictObject({ log: z.string().min(1) }),
    z.strictObject({ tcp: port }),
    z.strictObject({ http: z.string().regex(/^(\/|https?:\/\/)/) }),
    z.strictObject({ exec: z.string().min(1) }),
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
  command: z.union([z.string().min(1), z.array(z.string()).min(1)], {
    error: 'a command line, or a list of program and arguments',
  }),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.coerce.string()).default({}),
  env_file: z.union([z.string(), z.array(z.string())], { error: 'a file, or a list of files' }).optional(),
  port: port.optional(),
  depends_on: z.array(name).default([]),
  ready: ready.optional(),
  ready_timeout: seconds.default(60),
  stop_signal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']).default('SIGTERM'),
  stop_grace: seconds.default(5),
  restart: z.enum(['always', 'on-failure', 'never']).default('always'),
  max_failures: z.int().min(0).default(0),
  pane: name.optional(),
  oneshot: z.boolean().default(false),
  liveness: liveness.optional(),
  memory_limit: bytes.optional(),
  watch: watch.optional(),
  code: z.array(z.string().min(1)).default([]),
})

const versionRange = z
  .string()
  .regex(
    /^(?:(?:>=|<=|==|!=|~=|>|<) *\d+(?:\.\d+)*)(?: *, *(?:>=|<=|==|!=|~=|>|<) *\d+(?:\.\d+)*)*$/,
    'a version range such as ">=3.12"',
  )

const python = z.strictObject({
  version: versionRange.default('>=3.12'),
  venv: z.string().default('venv'),
  requirements: z.array(z.string()).default(['requirements.txt', 'requirements-dev.txt']),
  optional: z.boolean().default(false),
})

const tool = z.strictObject({
  name: z.string().min(1),
  why: z.string(),
  optional: z.boolean().default(false),
})

export const stackSchema = z.strictObject({
  version: z.literal(1).default(1),
  name,
  home: z.string().default('var'),
  environment: z
    .strictObject({
      node: versionRange.optional(),
      python: python.optional(),
      tools: z.array(tool).default([]),
    })
    .default({ tools: [] }),
  models: z.array(modelEntry).default([]),
  services: z
    .record(name, service)
    .refine(services => Object.keys(services).length > 0, 'at least one service'),
  console: z
    .strictObject({
      transcript: z.string().optional(),
      panes: z.array(name).min(1).max(2).default(['services']),
      open: name.optional(),
    })
    .default({ panes: ['services'] }),
  restart_key: z.array(name).default([]),
  profiles: z.record(name, z.array(name).min(1)).default({}),
  logs: z
    .strictObject({
      max_file: bytes.default(16e6),
      max_total: bytes.default(512e6),
      max_age_days: z.number().min(0.01).default(14),
    })
    .default({ max_file: 16e6, max_total: 512e6, max_age_days: 14 }),
})

export type StackFile = z.infer<typeof stackSchema>
