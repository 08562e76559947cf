import { open, readFile } from 'node:fs/promises'
import { isFile } from '../../../lib/is-file.ts'
import { EngineError, type EngineModel } from '../../core/engine.ts'
import { badModel } from '../shared/faults.ts'
import { type OnnxPort, readOnnxSignature } from '../shared/onnx-signature.ts'

const list = new Intl.ListFormat('en-GB')

/**
 * The files of a model, which are there all of them. Files are looked at before the native library does: for many faults it
 * has no error but ends the process. Damage inside of a file that is well outside is still left to it.
 */
export async function presentFiles<Role extends string>(
  model: EngineModel,
  name: string,
  roles: readonly Role[],
): Promise<Readonly<Record<Role, string>>> {
  const given = roles.flatMap(role => {
    const path = model.files[role]
    return path === undefined ? [] : [[role, path] as const]
  })
  if (given.length < roles.length) {
    const names = Object.keys(model.files).join(', ')
    throw badModel(`${name} needs ${list.format(roles)}; given are: ${names === '' ? 'none' : names}`)
  }
  const there = await Promise.all(given.map(([, path]) => isFile(path)))
  const missing = given.filter((_, at) => !there[at]).map(([, path]) => path)
  if (missing.length > 0) throw new EngineError({ reason: 'missing_files', files: missing })
  return Object.fromEntries(given) as Record<Role, string>
}

/** What the versions of Silero's detector take that the library knows: its own of v5 and v4, and sherpa-onnx's. */
const vadInputs = ['input state sr', 'input sr h c', 'x h c']

export async function checkVad(path: string): Promise<void> {
  const { inputs } = await readOnnxSignature(path)
  if (!vadInputs.includes(namesOf(inputs))) throw badModel(`${path} is not Silero's voice activity detector`)
}

export function namesOf(ports: readonly OnnxPort[]): string {
  return ports.map(port => port.name).join(' ')
}

/** Whisper's own has 50,000 lines of some 20 bytes. */
const mostTokenBytes = 32 * 1024 * 1024

/** One line a token and its number, where a number alone is a space. Returns the tokens by number. */
export async function readTokens(path: string): Promise<ReadonlyMap<number, string>> {
  await using file = await open(path)
  const { size } = await file.stat()
  if (size > mostTokenBytes) throw badModel(`${path} is not a list of tokens`)
  const tokens = new Map<number, string>()
  for (const line of (await readFile(file, 'utf8')).trimEnd().split('\n')) {
    const [, token = ' ', number] = /^[ \t\r]*(?:([^ \t\r]+)[ \t]+)?(\d+)[ \t\r]*$/.exec(line) ?? []
    if (number === undefined) throw badModel(`${path} is not a list of tokens`)
    tokens.set(Number(number), token)
  }
  return tokens
}
