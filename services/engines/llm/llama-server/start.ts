import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { request } from 'undici'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../../lib/parse-json.ts'
import { programPath } from '../../../../models/programs.ts'
import { EngineError, type EngineSetup } from '../../../core/engine.ts'
import { ChildServer } from '../../shared/child-server.ts'
import { Endpoint } from '../../shared/endpoint.ts'
import { samplingDefaults } from '../llama/sampling.ts'
import type { LlamaSettings } from '../llama/settings.ts'
import type { ServerFiles } from './files.ts'

/** A picture on a slow processor takes minutes until its first token. */
const silenceMs = 1_800_000
/** What it answers until its model is there. */
const loading = 503
/** A driver may take seconds to wake a card. */
const cardMs = 60_000

/** Of `GET /props`. */
const propsSchema = z.object({
  default_generation_settings: z.object({ n_ctx: z.number().int().positive() }),
  modalities: z.object({ vision: z.boolean() }),
})

export interface RunningServer {
  readonly server: ChildServer
  readonly endpoint: Endpoint
  /** Tokens of one sequence. */
  readonly context: number
}

/** Throws `missing_program`, `no_gpu`, or `bad_model` where the server does not take the files. */
export async function startServer(
  { model, threads, gpu, env, onProgress }: EngineSetup,
  settings: LlamaSettings,
  files: ServerFiles,
): Promise<RunningServer> {
  const program = programPath('llama-server', { env, settings: model.settings })
  if (program === undefined)
    throw new EngineError({
      reason: 'missing_program',
      program: 'llama-server',
      how: 'build',
      detail: "it is llama.cpp's server, for models that take pictures",
    })
  if (gpu && !(await hasCard(program, withoutOwn(env))))
    throw new EngineError({
      reason: 'no_gpu',
      detail: `${program} finds no graphics card that it was built for`,
    })
  onProgress(0)
  let props: z.infer<typeof propsSchema> | undefined
  const server = await ChildServer.start({
    program,
    // In a folder that is closed to other users, who could reach a port, or take it before the server does.
    listen: 'socket',
    args: path => argumentsOf(path, { files, settings, threads, gpu }),
    env: withoutOwn(env),
    isReady: async (url, signal, dispatcher) => {
      const { statusCode, body } = await request(`${url}/props`, { signal, dispatcher })
      const text = await body.text()
      if (statusCode === loading) return false
      props = propsSchema.parse(jsonOrUndefined(text))
      return true
    },
  })
  if (props === undefined) throw new Error('llama-server is ready and has said nothing of itself')
  if (files.vision !== undefined && !props.modalities.vision)
    throw new EngineError({ reason: 'bad_model', detail: `${files.vision} does not see (it may hear)` })
  onProgress(1)
  const endpoint = new Endpoint(
    {
      url: `${server.url}/v1`,
      model: model.id,
      silenceMs,
      connectMs: 10_000,
      socketPath: server.socketPath,
    },
    {},
  )
  return { server, endpoint, context: props.default_generation_settings.n_ctx }
}

function argumentsOf(
  path: string,
  {
    files,
    settings,
    threads,
    gpu,
  }: { files: ServerFiles; settings: LlamaSettings; threads: number; gpu: boolean },
): string[] {
  const { temperature, topP, topK, minP, repeatPenalty } = samplingDefaults(settings, files.header)
  const { sequences } = settings
  const options: Record<string, string | number> = {
    // It is taken for a socket by its ending.
    '--host': path,
    '--model': files.model,
    ...(files.vision === undefined ? {} : { '--mmproj': files.vision }),
    // It shares them among its sequences.
    '--ctx-size': files.contextSize * sequences,
    '--parallel': sequences,
    '--threads': threads,
    '--temp': temperature,
    '--top-p': topP,
    '--top-k': topK,
    '--min-p': minP,
    '--repeat-penalty': repeatPenalty,
    // Warnings and errors: its last words are told when it ends.
    '--log-verbosity': 2,
    // It would keep up to 8 GB of old prompts, which nobody has budgeted.
    '--cache-ram': 0,
    // Core has found room for all of it, or for none.
    ...(gpu ? { '--gpu-layers': 999 } : { '--device': 'none' }),
  }
  const flags = ['--jinja', '--no-webui', '--no-slots', '--offline', ...(gpu ? [] : ['--no-mmproj-offload'])]
  return [...Object.entries(options).flatMap(([name, value]) => [name, String(value)]), ...flags]
}

/** `Available devices:` and a line for each card. The processor is none. */
async function hasCard(program: string, env: Record<string, string | undefined>): Promise<boolean> {
  const { stdout } = await promisify(execFile)(program, ['--list-devices'], { env, timeout: cardMs })
  return /^\s+\S+: /m.test(stdout)
}

/** Each of its options can be set by a variable, and somebody may have done so for a server of their own. */
function withoutOwn(env: EngineSetup['env']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('LLAMA_')))
}
