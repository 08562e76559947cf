import { flag, floats, keyValue, type Tensor, writeTensors } from './gguf-writer.ts'

const width = 32
const layers = 2
const feedForward = 64
const side = 28
const patch = 14

/** The eyes of a LLaVA without any training, which make `(side / patch)²` = 4 tokens of each picture, for a model of that width. */
export function writeVision(path: string, modelWidth: number): void {
  const own = (key: string): string => `clip.vision.${key}`
  const values = [
    keyValue('general.architecture', 'clip'),
    keyValue('general.type', 'mmproj'),
    keyValue('general.name', 'untrained'),
    keyValue('general.file_type', 1),
    flag('clip.has_vision_encoder', true),
    flag('clip.use_gelu', true),
    keyValue('clip.projector_type', 'mlp'),
    keyValue(own('image_size'), side),
    keyValue(own('patch_size'), patch),
    keyValue(own('embedding_length'), width),
    keyValue(own('feed_forward_length'), feedForward),
    keyValue(own('block_count'), layers),
    keyValue(own('projection_dim'), modelWidth),
    keyValue(own('attention.head_count'), 4),
    floats(own('attention.layer_norm_epsilon'), 1e-5),
    floats(own('image_mean'), [0.5, 0.5, 0.5]),
    floats(own('image_std'), [0.5, 0.5, 0.5]),
  ]
  const tensors = [
    { name: 'v.patch_embd.weight', shape: [patch, patch, 3, width], type: 'F16' as const },
    { name: 'v.class_embd', shape: [width], type: 'F32' as const },
    matrix('v.position_embd', width, (side / patch) ** 2 + 1),
    ...norm('v.pre_ln'),
    ...Array.from({ length: layers }, (_, layer) => block(`v.blk.${layer}`)).flat(),
    matrix('mm.0', width, modelWidth),
    bias('mm.0', modelWidth),
    matrix('mm.2', modelWidth, modelWidth),
    bias('mm.2', modelWidth),
  ]
  writeTensors(path, { values, tensors, type: 'F16', width })
}

function block(name: string): Tensor[] {
  return [
    ...['attn_q', 'attn_k', 'attn_v', 'attn_out'].map(part => matrix(`${name}.${part}`, width, width)),
    ...norm(`${name}.ln1`),
    ...norm(`${name}.ln2`),
    matrix(`${name}.ffn_up`, width, feedForward),
    matrix(`${name}.ffn_down`, feedForward, width),
  ]
}

function matrix(name: string, from: number, to: number): Tensor {
  return { name: `${name}.weight`, shape: [from, to], type: 'F16' }
}

function bias(name: string, length: number): Tensor {
  return { name: `${name}.bias`, shape: [length], type: 'F32' }
}

function norm(name: string): Tensor[] {
  return [{ name: `${name}.weight`, shape: [width], type: 'F32' }, bias(name, width)]
}
