import { existsSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { readLock, verifyAndRecord } from '../../models/lock-file.ts'
import { resolveModel } from '../../models/model.ts'
import { modelsFilePath, modelsFileText, parseModelsFile } from '../../models/models-file.ts'
import { ownPaths } from '../../models/own-model.ts'
import { partsOf } from '../../models/parts.ts'
import { checkSizes, hashFile, type ModelState } from '../../models/verify.ts'
import { plain } from '../../lib/plain.ts'
import { words } from './messages.ts'
import { findModel, type Models, openModels, parseModels } from './open.ts'

/** unknown: nobody has ever said what its files have to be. */
type Verdict = ModelState | { readonly type: 'unknown' }

/** Reads every byte of what is installed and compares it with what came; tells each. 1 if one is damaged. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('verify', argv, {}, { least: 0, most: 1000 })
  const models = await openModels(values, io)
  const asked = [...new Set(positionals)].map(id => findModel(models, id))
  const chosen = asked.length > 0 ? asked : [...models.models.values()].filter(model => isHere(model, models))
  const verdicts: { id: string; verdict: Verdict }[] = []
  for (const model of chosen) {
    let verdict: Verdict
    try {
      verdict = await judge(model, models, io.signal)
    } catch (error) {
      if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
      throw error
    }
    verdicts.push({ id: model.id, verdict })
    if (values.json !== true) io.stdout.write(words.verdict(model.id, plain(describe(verdict))))
  }
  const damaged = verdicts.filter(({ verdict }) => verdict.type === 'damaged' || verdict.type === 'missing')
  if (values.json === true) {
    const json = verdicts.map(({ id, verdict: { type: state, ...facts } }) => ({ id, state, ...facts }))
    io.stdout.write(`${JSON.stringify({ models: json }, null, 2)}\n`)
  }
  for (const { id } of values.json === true ? [] : damaged) {
    const origin = models.models.get(id)?.origin
    if (origin !== undefined) io.stderr.write(words.mend(id, origin, models.where))
  }
  return damaged.length === 0 ? exit.ok : exit.failed
}

function describe(verdict: Verdict): string {
  return verdict.type === 'damaged'
    ? words.damage[verdict.reason](verdict.file)
    : words.verdicts[verdict.type]
}

/** Other programs' files are theirs to check. */
function isHere(model: KnownModel, models: Models): boolean {
  if (model.origin === 'yours') return ownPaths(model, models.modelsDir).length > 0
  if (model.origin !== 'shipped' && model.origin !== 'catalog') return false
  const found = resolveModel(model.id, models.inventory.catalog, models)
  return found !== undefined && checkSizes(found).type !== 'missing'
}

async function judge(model: KnownModel, models: Models, signal: AbortSignal): Promise<Verdict> {
  const found = resolveModel(model.id, models.inventory.catalog, models)
  if (found !== undefined) return verifyAndRecord(models.modelsDir, found, signal)
  if (model.origin !== 'yours') return { type: 'unknown' }
  const paths = ownPaths(model, models.modelsDir).flatMap(partsOf)
  const known = knownHashes(model, models)
  for (const path of paths) {
    const want = known.get(path)
    if (!existsSync(path)) return { type: 'damaged', file: path, reason: 'absent' }
    if (want !== undefined && (await hashFile(path, 'sha256', signal)).toString('hex') !== want)
      return { type: 'damaged', file: path, reason: 'hash' }
  }
  return paths.length > 0 && paths.every(path => known.has(path)) ? { type: 'present' } : { type: 'unknown' }
}

/** Of a file that was downloaded; what lies elsewhere is its owner's to change. */
function knownHashes({ id, files }: KnownModel, { home, modelsDir }: Models): Map<string, string> {
  const hashes = new Map<string, string>()
  const first = files['model']
  if (first === undefined) return hashes
  const read = parseModelsFile(modelsFileText(modelsFilePath(home)) ?? '')
  const own = read.ok ? read.data.models.find(one => one.id === id) : undefined
  if (own !== undefined && 'sha256' in own && own.sha256 !== undefined) hashes.set(first, own.sha256)
  const entry = readLock(modelsDir).models[id]
  if (entry === undefined || relative(join(modelsDir, entry.folder), dirname(first)) !== '') return hashes
  for (const { path, sha256 } of entry.downloads.flatMap(({ files }) => files))
    hashes.set(join(dirname(first), basename(path)), sha256)
  return hashes
}
