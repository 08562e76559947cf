import { createHash } from 'node:crypto'
import { isAbsolute, normalize } from 'node:path'
import { z } from 'zod'

/** Of what can be unpacked. What lies in such a file is said by its content, see unpack/kind.ts. */
export const archiveName = /\.(tar|tar\.gz|tgz|tar\.bz2|tbz2|zip)$/i

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a sha256 as 64 hex digits in lower case')
const bytes = z.int().positive()

/** Also the name of a folder, so no path can hide in it. */
export const modelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/i, 'expected letters, digits, dots, dashes and underscores')

/** A path that stays inside the folder which it is relative to. */
const innerPath = z
  .string()
  .min(1)
  .refine(
    path => !isAbsolute(path) && normalize(path).split('/')[0] !== '..' && !path.endsWith('/'),
    'expected the relative path of a file, without ".."',
  )
  .transform(path => normalize(path))

const npmSource = z.strictObject({
  /** The package's name; its registry is npm's own setting. */
  npm: z.string().regex(/^(@[a-z0-9][\w.~-]*\/)?[a-z0-9][\w.~-]*$/i, 'expected the name of an npm package'),
  version: z.string().regex(/^\d+\.\d+\.\d+[\w.+-]*$/, 'expected one exact version, such as 1.2.3'),
  integrity: z.string().regex(/^sha512-[A-Za-z0-9+/]{86}==$/, "expected npm's integrity, sha512-…"),
  /** Of the tarball. */
  bytes,
})

const urlSource = z.strictObject({
  url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
  /** Both of what is downloaded: the file, or the .tar.gz archive. */
  sha256,
  bytes,
})

/** The files came with Courante: they lie in that folder beside the catalog. */
const shippedSource = z.strictObject({ shipped: modelName, sha256, bytes })

/** A file or an archive on this machine, a share, a stick; relative to the stack file's folder. It stays where it is. */
const fileSource = z.strictObject({ file: z.string().min(1), sha256, bytes })

/** Where a model's files come from. */
export const source = z
  .unknown()
  .transform((value, context) =>
    typeof value === 'object' && value !== null && 'npm' in value
      ? delegate(npmSource, value, context)
      : delegate(urlSource, value, context),
  )

/** The same for a model that a stack brings itself. */
export const ownSource = z
  .unknown()
  .transform((value, context) =>
    typeof value === 'object' && value !== null && 'file' in value
      ? delegate(fileSource, value, context)
      : delegate(source, value, context),
  )

/** The same for an entry of our catalog. */
export const catalogSource = z
  .unknown()
  .transform((value, context) =>
    typeof value === 'object' && value !== null && 'shipped' in value
      ? delegate(shippedSource, value, context)
      : delegate(source, value, context),
  )

/** Of a file that a person names by its URL, the hash may be the hub's own, or not be known before the file is here. */
export type Source =
  | z.infer<typeof npmSource>
  | z.infer<typeof shippedSource>
  | z.infer<typeof fileSource>
  | (Omit<z.infer<typeof urlSource>, 'sha256'> & { readonly sha256?: string; readonly trust?: 'hub' })

/** Who says what a download has to be: our catalog or the stack's owner, the hub that sends it, or nobody. */
export function trustOf(from: Source): 'catalog' | 'hub' | 'none' {
  if (!('url' in from)) return 'catalog'
  return from.sha256 === undefined ? 'none' : (from.trust ?? 'catalog')
}

/**
 * A file to keep. `entry` is its path inside the archive; `folder` that of a folder which is kept with all that is below it
 * (then `bytes` is their sum); `made` names a generator instead (see fetch.ts).
 */
export const modelFile = z
  .strictObject({
    path: innerPath,
    entry: z.string().min(1).optional(),
    folder: z.string().min(1).optional(),
    made: z.literal('llama-tokens').optional(),
    bytes: bytes.optional(),
    sha256: sha256.optional(),
  })
  .refine(
    file => file.folder === undefined || (file.sha256 ?? file.entry ?? file.made) === undefined,
    'expected `folder` without `entry`, `made` and `sha256`',
  )
export type ModelFile = z.infer<typeof modelFile>

/** Whether what is downloaded is an archive out of which the files are taken; else it is the model's one file. */
export function isPacked({ from, files }: { from: Source; files: readonly ModelFile[] }): boolean {
  return 'npm' in from || files.some(file => file.entry !== undefined || file.folder !== undefined)
}

/** What a person is told about where a download comes from. */
export function sourceName(from: Source): string {
  if ('shipped' in from) return 'Courante itself'
  if ('file' in from) return from.file
  return 'npm' in from ? `npm: ${from.npm}@${from.version}` : new URL(from.url).host
}

/** The same for programs, and exact: what lock.json remembers a download by. No secret of a URL is in it. */
export function sourceAddress(from: Source): string {
  return 'url' in from ? withoutSecrets(from.url) : sourceName(from)
}

/**
 * A URL as it may be stored and shown: without name and password, and without its query, which may hold a token. Where a query
 * says which file it is, two files must not look like one: so a part of its hash takes its place, as a fragment.
 */
export function withoutSecrets(address: string): string {
  const url = new URL(address)
  const { search } = url
  url.username = url.password = url.search = url.hash = ''
  if (search !== '') url.hash = `query-${createHash('sha256').update(search).digest('hex').slice(0, 12)}`
  return url.href
}

/** Parses with one schema of several, and passes its issues on as they are: a plain union would swallow their places. */
export function delegate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  context: z.core.$RefinementCtx,
): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) {
    context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue)
  }
  return z.NEVER
}
