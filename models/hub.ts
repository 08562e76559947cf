import { basename } from 'node:path'
import { z } from 'zod'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { accessTo } from './access.ts'
import { mostProbeBytes, openAgent } from './agent.ts'
import { nextHop } from './download/follow.ts'
import { messages } from './messages.ts'
import { partName, partsOf } from './parts.ts'
import { faultOf, type Probe } from './probe.ts'

/** A repository on Hugging Face, as people write it. */
export interface HubRef {
  /** `org/name` */
  readonly repo: string
  /** A branch, tag or commit; undefined: its main branch. */
  readonly revision: string | undefined
  /** Of which of its files: a quantisation such as `Q4_K_M`, or a file's name. */
  readonly which: string | undefined
}

export interface HubFile {
  readonly url: string
  readonly name: string
  readonly bytes: number
  readonly sha256: string | undefined
}

/** A GGUF model of a repository, with all of its parts. */
export interface HubModel {
  /** The path of its first part in the repository. */
  readonly path: string
  readonly bytes: number
  readonly parts: readonly HubFile[]
}

export interface HubRepo {
  readonly licence: string | undefined
  readonly models: readonly HubModel[]
}

/** `hf:org/repo`, `hf.co/org/repo`, or the address of its page, each with `:QUANT` or not; undefined for anything else. */
export function parseHubRef(text: string, env: Io['env']): HubRef | undefined {
  const own = URL.parse(env['HF_ENDPOINT'] ?? '')?.host
  const [, place, path] = /^(hf:|(?:https?:\/\/)?[^/]+\/)(.*)$/i.exec(text) ?? []
  const host = place
    ?.replace(/^https?:\/\//i, '')
    .replace(/\/$/, '')
    .toLowerCase()
  if (host === undefined || !['hf:', 'hf.co', 'huggingface.co', 'www.huggingface.co', own].includes(host))
    return undefined
  const name = String.raw`[\w][\w.-]*`
  const pattern = new RegExp(String.raw`^(${name}/${name})(?:/tree/([\w.-]+))?/?(?::([\w./-]+))?(?:[?#].*)?$`)
  const [, repo, revision, which] = pattern.exec(path ?? '') ?? []
  return repo === undefined || /\.gguf$/i.test(repo) ? undefined : { repo, revision, which }
}

const sizeSchema = z.number().nonnegative()
const answerSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.string().max(100).optional().catch(undefined) }).nullish(),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1),
      size: sizeSchema.nullish(),
      lfs: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), size: sizeSchema }).nullish(),
    }),
  ),
})

/** The GGUF models of a repository, at the commit that it is at now. */
export async function lookAtRepo(
  ref: HubRef,
  options: { readonly env: Io['env']; readonly signal: AbortSignal; readonly waitMs?: number },
): Promise<Probe<HubRepo>> {
  const revision = ref.revision === undefined ? '' : `/revision/${encodeURIComponent(ref.revision)}`
  const page = `https://huggingface.co/${ref.repo}`
  const access = accessTo(`https://huggingface.co/api/models/${ref.repo}${revision}?blobs=true`, options.env)
  const { request } = await import('undici')
  const agent = await openAgent(options.env, options.waitMs ?? 15_000, mostProbeBytes)
  try {
    const seen = new Set<string>()
    // A repository that was renamed answers with its new name.
    for (let { url } = access; ;) {
      seen.add(url)
      const isSame = new URL(url).origin === new URL(access.url).origin
      const { statusCode, headers, body } = await request(url, {
        dispatcher: agent,
        signal: options.signal,
        headers: { accept: 'application/json', ...(isSame ? access.headers : {}) },
      })
      if (statusCode === 200) return repoOf(ref.repo, await body.json())
      await body.dump()
      const to = String(headers['location'] ?? '')
      if (statusCode >= 300 && statusCode < 400 && to !== '') {
        url = nextHop(to, url, seen, { what: page, env: options.env })
        continue
      }
      // The hub says 401 for what is not there, too.
      if (statusCode === 404) throw new ProblemError(messages.notFound(page))
      if (statusCode === 401 || statusCode === 403) throw new ProblemError(messages.gated(page, statusCode))
      return { ok: false, detail: `HTTP ${statusCode}` }
    }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: 'its answer is no JSON' }
    return { ok: false, detail: faultOf(error, options.signal) }
  } finally {
    await agent.destroy()
  }
}

function repoOf(repo: string, json: unknown): Probe<HubRepo> {
  const answer = answerSchema.safeParse(json)
  if (!answer.success) return { ok: false, detail: 'its answer is not what the hub says of a repository' }
  const { sha, siblings, cardData } = answer.data
  const files = new Map<string, HubFile>()
  for (const { rfilename: path, size, lfs } of siblings) {
    const bytes = lfs?.size ?? size ?? 0
    if (!/\.gguf$/i.test(path) || bytes === 0) continue
    const inUrl = path.split('/').map(encodeURIComponent).join('/')
    const url = `https://huggingface.co/${repo}/resolve/${sha}/${inUrl}`
    const name = basename(path).replaceAll(/[^\w.+-]/g, '-')
    files.set(path, { url, name, bytes, sha256: lfs?.sha256 })
  }
  const models: HubModel[] = []
  for (const path of files.keys()) {
    const [, number = '00001'] = partName.exec(path) ?? []
    // What looks at pictures for another model, and what was only needed to make the files, speak for themselves.
    if (number !== '00001' || /mmproj|imatrix/i.test(basename(path))) continue
    const parts = partsOf(path).flatMap(part => files.get(part) ?? [])
    if (parts.length !== partsOf(path).length) continue
    models.push({ path, parts, bytes: parts.reduce((sum, part) => sum + part.bytes, 0) })
  }
  models.sort((a, b) => a.bytes - b.bytes)
  return { ok: true, value: { licence: cardData?.license, models } }
}

/** Those that are meant by `which`; all of them without it. */
export function modelsOf({ models }: HubRepo, which: string | undefined): readonly HubModel[] {
  if (which === undefined) return models
  const wanted = which.toLowerCase()
  const named = models.filter(({ path }) =>
    [path, basename(path)].some(name => name.toLowerCase() === wanted),
  )
  if (named.length > 0) return named
  const isOf = ({ path }: HubModel): boolean =>
    path
      .toLowerCase()
      .split(/[/.-]/)
      .join(' ')
      .match(new RegExp(`(^| )${wanted.replaceAll(/[/.-]/g, ' ')}( |$)`)) !== null
  return models.filter(isOf)
}
