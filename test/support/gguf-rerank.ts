import { flag, floats, keyValue, type Tensor, vocabularyOf, writeTensors } from './gguf-writer.ts'

const width = 64
const feedForward = 128
const vocabulary = 320
const layers = 1
/** llama.cpp makes no smaller context. */
const context = 256

/** Pooling types of llama.cpp. */
const cls = 2
const rank = 4

/** A BERT without any training: with a head, it gives each pair of texts a score; without one, each text a vector. */
export function writeBert(path: string, kind: 'rerank' | 'embedding'): void {
  const own = (key: string): string => `bert.${key}`
  const values = [
    keyValue('general.architecture', 'bert'),
    keyValue('general.name', 'untrained'),
    keyValue('general.file_type', 1),
    keyValue(own('context_length'), context),
    keyValue(own('embedding_length'), width),
    keyValue(own('block_count'), layers),
    keyValue(own('feed_forward_length'), feedForward),
    keyValue(own('attention.head_count'), 4),
    floats(own('attention.layer_norm_epsilon'), 1e-5),
    flag(own('attention.causal'), false),
    keyValue(own('pooling_type'), kind === 'rerank' ? rank : cls),
    keyValue('tokenizer.ggml.token_type_count', 1),
    keyValue('tokenizer.ggml.seperator_token_id', 2),
    ...vocabularyOf(vocabulary),
  ]
  const head = kind === 'rerank' ? [matrix('cls', width, width), matrix('cls.output', width, 1)] : []
  const tensors = [
    matrix('token_embd', width, vocabulary),
    { ...matrix('token_types', width, 1), type: 'F32' as const },
    matrix('position_embd', width, context),
    ...norm('token_embd_norm'),
    ...Array.from({ length: layers }, (_, layer) => block(`blk.${layer}`)).flat(),
    ...head,
  ]
  writeTensors(path, { values, tensors, type: 'F16', width })
}

function block(name: string): Tensor[] {
  return [
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map(part => matrix(`${name}.${part}`, width, width)),
    ...norm(`${name}.attn_output_norm`),
    matrix(`${name}.ffn_up`, width, feedForward),
    matrix(`${name}.ffn_down`, feedForward, width),
    ...norm(`${name}.layer_output_norm`),
  ]
}

function matrix(name: string, from: number, to: number): Tensor {
  return { name: `${name}.weight`, shape: [from, to], type: 'F16' }
}

function norm(name: string): Tensor[] {
  return ['weight', 'bias'].map(part => ({ name: `${name}.${part}`, shape: [width], type: 'F32' }))
}
