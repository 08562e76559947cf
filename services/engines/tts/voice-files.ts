import { isUtf8 } from 'node:buffer'
import { open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isFile } from '../../../lib/is-file.ts'
import { EngineError, type EngineModel } from '../../core/engine.ts'
import { badModel } from '../shared/faults.ts'
import { checkOnnx } from '../shared/onnx-file.ts'
import type { Family, VoiceFiles } from './sherpa-tts.ts'

export interface VoiceModel {
  readonly family: Family
  readonly files: VoiceFiles
  /** In the order of their numbers. */
  readonly voices: readonly string[]
  /** 1 for Kokoro 0.19; from 2 on it speaks more than English. */
  readonly version: number
}

/**
 * The files of a model, looked at before the native library does, which ends the process for most of what can be wrong with
 * them. Damage inside of a file that is well outside is still left to it.
 */
export async function checkedVoiceFiles(model: EngineModel, wanted?: Family): Promise<VoiceModel> {
  const { voices, ...files } = await foundFiles(model)
  const metadata = await checkOnnx(files.model)
  const family = familyOf(files.model, metadata)
  if (wanted !== undefined && wanted !== family)
    throw badModel(`${files.model} is a ${family} voice, and not a ${wanted} one`)
  await checkTokens(family, files.tokens)
  const count = Math.max(1, wholeNumber(files.model, metadata, 'n_speakers'))
  wholeNumber(files.model, metadata, 'sample_rate')
  if (family !== 'piper') {
    if (voices === undefined) throw badModel(`${family} needs voices, too`)
    await checkVoices(family, { ...files, voices }, count, metadata)
  }
  return {
    family,
    files: { ...files, ...(family === 'piper' || voices === undefined ? {} : { voices }) },
    voices: namesOf(count, metadata),
    version: metadata.has('version') ? wholeNumber(files.model, metadata, 'version') : 1,
  }
}

async function foundFiles({ files }: EngineModel): Promise<VoiceFiles> {
  const { model, tokens, data, voices } = files
  if (model === undefined || tokens === undefined || data === undefined)
    throw badModel(`a voice needs model, tokens and data; given are: ${Object.keys(files).join(', ')}`)
  const wanted = [model, tokens, ...(voices === undefined ? [] : [voices])]
  const missing: string[] = []
  for (const path of wanted) if (!(await isFile(path))) missing.push(path)
  if (!(await isThere(data))) missing.push(data)
  if (missing.length > 0) throw new EngineError({ reason: 'missing_files', files: missing })
  await checkData(data)
  return { model, tokens, data, ...(voices === undefined ? {} : { voices }) }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/** What eSpeak reads at its start; it lies in `espeak-ng-data`. */
const dataFiles = ['phontab', 'phonindex', 'phondata', 'intonations']
/** What its phonemes begin with: the version of the format, and the sample rate, which the library wants so. */
const phonemes = Buffer.from('0148010022560000', 'hex')

async function checkData(folder: string): Promise<void> {
  const fault = (what: string): EngineError => badModel(`${folder} is not the data of eSpeak NG: ${what}`)
  for (const name of dataFiles) {
    const path = join(folder, name)
    if (!(await isFile(path)) || (await stat(path)).size === 0) throw fault(`it lacks ${name}`)
  }
  await using file = await open(join(folder, 'phondata'))
  const { buffer } = await file.read(Buffer.alloc(phonemes.length), 0, phonemes.length, 0)
  if (!buffer.equals(phonemes)) throw fault('phondata is of another version')
}

type Metadata = ReadonlyMap<string, string>

/** As sherpa-onnx's scripts write them: its scripts/piper, kokoro and kitten-tts, add_meta_data.py. */
function familyOf(path: string, metadata: Metadata): Family {
  // Piper's voices in Chinese come without eSpeak.
  if (metadata.get('has_espeak') === '0' || metadata.get('has_g2pw') === '1')
    throw badModel(`${path} needs another front end than eSpeak NG, which is the one that we have`)
  const type = metadata.get('model_type')
  if (type === 'kokoro') return 'kokoro'
  if (type === 'kitten-tts') return 'kitten'
  if (metadata.get('comment')?.includes('piper') === true && metadata.has('language')) return 'piper'
  throw badModel(`${path} has not the metadata of a voice of sherpa-onnx's collection`)
}

function wholeNumber(path: string, metadata: Metadata, key: string): number {
  const text = metadata.get(key) ?? ''
  if (!/^\d{1,9}$/.test(text)) throw badModel(`${path} has ${JSON.stringify(text)} as its ${key}`)
  return Number(text)
}

/** What the library looks up without asking whether it is there. */
const needed: Readonly<Record<Family, readonly string[]>> = {
  piper: ['_', '^', '$'],
  kokoro: [' '],
  kitten: [' '],
}

/** One line a token: one character (a lone number is the space's) and its number. */
async function checkTokens(family: Family, path: string): Promise<void> {
  const bytes = await readFile(path)
  const lines = isUtf8(bytes) ? bytes.toString('utf8').split('\n') : []
  if (lines.at(-1) === '') lines.pop()
  const seen = new Set<string>()
  for (const line of lines) {
    const symbol = symbolOf(line)
    if (symbol === undefined || seen.has(symbol)) throw badModel(`${path} is not a list of tokens`)
    seen.add(symbol)
  }
  if (!needed[family].every(symbol => seen.has(symbol))) throw badModel(`${path} is not a list of tokens`)
}

function symbolOf(line: string): string | undefined {
  const match = /^\s*(?:(\S+)\s+)?\d+\s*$/.exec(line)
  if (match === null) return undefined
  const symbol = match[1] ?? ' '
  return Array.from(symbol).length === 1 ? symbol : undefined
}

/** So many floats for each voice. */
async function checkVoices(
  family: Family,
  files: Required<VoiceFiles>,
  count: number,
  metadata: Metadata,
): Promise<void> {
  const style = metadata.get('style_dim') ?? ''
  const sizes = style.split(',').map(Number)
  const right = family === 'kokoro' ? sizes.length === 3 && sizes[1] === 1 : sizes.length === 2
  if (!right || !sizes.every(size => Number.isInteger(size) && size > 0))
    throw badModel(`${files.model} has ${JSON.stringify(style)} as its style_dim`)
  const wanted = sizes.reduce((product, size) => product * size, 4 * count)
  const { size } = await stat(files.voices)
  if (size !== wanted) throw badModel(`${files.voices} has ${size} bytes, and ${count} voices have ${wanted}`)
}

/** Kokoro's and Kitten's have names; of Piper's many are one voice, and the others numbers. */
function namesOf(count: number, metadata: Metadata): readonly string[] {
  const names = (metadata.get('speaker_names') ?? '').split(',').filter(name => name !== '')
  if (names.length === count) return names
  return count === 1 ? [metadata.get('voice') ?? '0'] : Array.from({ length: count }, (_, at) => `${at}`)
}
