import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { EngineModel } from '../../services/core/engine.ts'
import { type OnnxModel, onnxModel } from './onnx-writer.ts'
import { espeakFiles } from './speech-models.ts'

/**
 * Voices for sherpa-onnx in all its formats, without weights: their sound is a tone, whose length depends on the number of
 * phonemes and the speed, and whose pitch on the voice. Phonemes are made by the real eSpeak NG.
 */
export interface ToneVoice {
  readonly family: 'piper' | 'kokoro' | 'kitten'
  /** Of its voices; Piper's have none. */
  readonly names: readonly string[]
  /** 2: as Kokoro 1.0. */
  readonly version?: number
  /** Other metadata; an undefined one is left out. */
  readonly more?: Readonly<Record<string, string | number | undefined>>
}

const samplesPerPhoneme = 400
const styleSize = 4
const styleRows = 510

/** `data`: of eSpeak NG, as `espeakData` lays it out. */
export async function toneVoice(
  folder: string,
  data: string,
  { family, names, version = 1, more = {} }: ToneVoice,
): Promise<EngineModel> {
  await mkdir(folder, { recursive: true })
  const at = (name: string): string => join(folder, name)
  const style = family === 'kokoro' ? `${styleRows},1,${styleSize}` : `1,${styleSize}`
  const metadata = {
    model_type: { piper: 'vits', kokoro: 'kokoro', kitten: 'kitten-tts' }[family],
    comment: family,
    language: 'English',
    voice: 'en-us',
    version,
    has_espeak: 1,
    n_speakers: names.length,
    sample_rate: family === 'piper' ? 22_050 : 24_000,
    ...(family === 'piper' ? {} : { style_dim: style, speaker_names: names.join(',') }),
    ...more,
  }
  const told = Object.entries(metadata).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  )
  const model = family === 'piper' ? piperGraph(names.length) : styledGraph()
  await writeFile(at('model.onnx'), onnxModel({ ...model, metadata: Object.fromEntries(told) }))
  await writeFile(at('tokens.txt'), tokens)
  const rows = family === 'kokoro' ? styleRows : 1
  const pitches = names.flatMap((_, voice) => Array.from({ length: rows * styleSize }, () => pitchOf(voice)))
  if (family !== 'piper') await writeFile(at('voices.bin'), Buffer.from(Float32Array.from(pitches).buffer))
  return {
    id: 'tone',
    engine: 'sherpa',
    files: {
      model: at('model.onnx'),
      tokens: at('tokens.txt'),
      data,
      ...(family === 'piper' ? {} : { voices: at('voices.bin') }),
    },
    settings: { family },
  }
}

/** Hz. */
export function pitchOf(voice: number): number {
  return 300 + 100 * voice
}

/** Kokoro's begin with the pad, which is Piper's `$`; the sets of both. */
const tokens = [
  '$',
  '^',
  '_',
  ...Array.from(
    `;:,.!?¡¿—…"«»“” ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz` +
      'ɑɐɒæɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶʘɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒʔʡʕʢˈˌːˑᵻ',
  ),
]
  .map((symbol, id) => `${symbol} ${id}\n`)
  .join('')

const parts: Pick<OnnxModel, 'nodes'> & { initializers: NonNullable<OnnxModel['initializers']> } = {
  // `count` phonemes at `pitch` become a tone, which `pace` makes longer.
  nodes: [
    { op: 'Shape', inputs: ['input'], outputs: ['shape'] },
    { op: 'Gather', inputs: ['shape', 'one'], outputs: ['count'] },
    { op: 'Cast', inputs: ['count'], outputs: ['countF'], attributes: { to: { int: 1 } } },
    { op: 'Mul', inputs: ['countF', 'perPhoneme'], outputs: ['usual'] },
    { op: 'Mul', inputs: ['usual', 'pace'], outputs: ['lengthF'] },
    { op: 'Cast', inputs: ['lengthF'], outputs: ['length'], attributes: { to: { int: 7 } } },
    { op: 'Range', inputs: ['zero', 'length', 'one'], outputs: ['times'] },
    { op: 'Cast', inputs: ['times'], outputs: ['timesF'], attributes: { to: { int: 1 } } },
    { op: 'Mul', inputs: ['pitch', 'turn'], outputs: ['step'] },
    { op: 'Mul', inputs: ['timesF', 'step'], outputs: ['phase'] },
    { op: 'Sin', inputs: ['phase'], outputs: ['wave'] },
    { op: 'Mul', inputs: ['wave', 'half'], outputs: ['quiet'] },
    { op: 'Unsqueeze', inputs: ['quiet', 'axes'], outputs: ['output'] },
  ],
  initializers: [
    { name: 'zero', type: 'int64', dims: [], values: [0] },
    { name: 'one', type: 'int64', dims: [], values: [1] },
    { name: 'axes', type: 'int64', dims: [2], values: [0, 1] },
    { name: 'perPhoneme', type: 'float', dims: [], values: [samplesPerPhoneme] },
    { name: 'half', type: 'float', dims: [], values: [0.5] },
  ],
}
const output = { name: 'output', type: 'float', dims: [1, 1, 'samples'] } as const
const scalar = (name: string, value: number) => ({ name, type: 'float', dims: [], values: [value] }) as const

/** The speed comes as how much longer it gets. */
function piperGraph(voices: number): OnnxModel {
  return {
    inputs: [
      { name: 'input', type: 'int64', dims: [1, 'phonemes'] },
      { name: 'input_lengths', type: 'int64', dims: [1] },
      { name: 'scales', type: 'float', dims: [3] },
      ...(voices > 1 ? [{ name: 'sid', type: 'int64', dims: [1] } as const] : []),
    ],
    outputs: [output],
    nodes: [
      { op: 'Gather', inputs: ['scales', 'one'], outputs: ['pace'] },
      ...(voices > 1
        ? [
            { op: 'Gather', inputs: ['sid', 'zero'], outputs: ['voice'] },
            { op: 'Cast', inputs: ['voice'], outputs: ['voiceF'], attributes: { to: { int: 1 } } },
            { op: 'Mul', inputs: ['voiceF', 'apart'], outputs: ['above'] },
            { op: 'Add', inputs: ['above', 'lowest'], outputs: ['pitch'] },
          ]
        : [{ op: 'Identity', inputs: ['lowest'], outputs: ['pitch'] }]),
      ...parts.nodes,
    ],
    initializers: [
      ...parts.initializers,
      scalar('turn', (2 * Math.PI) / 22_050),
      scalar('apart', pitchOf(1) - pitchOf(0)),
      scalar('lowest', pitchOf(0)),
    ],
  }
}

/** Kokoro's and Kitten's: the pitch is all of a voice's style. */
function styledGraph(): OnnxModel {
  return {
    inputs: [
      { name: 'input', type: 'int64', dims: [1, 'phonemes'] },
      { name: 'style', type: 'float', dims: [1, styleSize] },
      { name: 'speed', type: 'float', dims: [1] },
    ],
    outputs: [output],
    nodes: [
      { op: 'ReduceMean', inputs: ['style'], outputs: ['pitch'], attributes: { keepdims: { int: 0 } } },
      { op: 'ReduceMean', inputs: ['speed'], outputs: ['fast'], attributes: { keepdims: { int: 0 } } },
      { op: 'Reciprocal', inputs: ['fast'], outputs: ['pace'] },
      ...parts.nodes,
    ],
    initializers: [...parts.initializers, scalar('turn', (2 * Math.PI) / 24_000)],
  }
}

/**
 * The data of our eSpeak in a folder, as sherpa-onnx wants it, with the dictionaries of English and Spanish. It lies in one file;
 * where each part of it is, stands in the JavaScript beside it.
 */
export async function espeakData(folder: string): Promise<string> {
  const script = await readFile(espeakFiles.module, 'utf8')
  const all = await readFile(espeakFiles.data)
  const root = '/usr/share/espeak-ng-data'
  for (const [, name = '', start, end] of script.matchAll(/\{filename:"([^"]+)",start:(\d+),end:(\d+)/g)) {
    if (!name.startsWith(`${root}/`)) continue
    if (name.endsWith('_dict') && !/\/(?:en|es)_dict$/.test(name)) continue
    const path = join(folder, relative(root, name))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, all.subarray(Number(start), Number(end)))
  }
  return folder
}
