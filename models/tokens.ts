/** Moonshine's vocabulary has this many entries; those past Llama's 32000 pieces are never spoken. */
const size = 32768

/**
 * The text of the tokens file that sherpa-onnx wants for Moonshine: one line a token, `base64(bytes) id`. The pieces are
 * those of the Llama tokenizer; `▁` stands for a space, `<0xNN>` for that byte.
 */
export async function makeLlamaTokens(): Promise<string> {
  // Half a megabyte of vocabulary: loaded only when somebody needs it.
  const { default: tokenizer } = await import('llama-tokenizer-js')
  const lines = Array.from({ length: size }, (_, id) => {
    const piece = tokenizer.vocabById[id] ?? `<filler_${id}>`
    const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1]
    const bytes = byte === undefined ? Buffer.from(piece.replaceAll('▁', ' ')) : Buffer.from(byte, 'hex')
    return `${bytes.toString('base64')} ${id}\n`
  })
  return lines.join('')
}
