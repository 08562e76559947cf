/** What a model's header says; the names are those of whisper.cpp, in its order. */
const tinyEnglish = {
  n_vocab: 51_864,
  n_audio_ctx: 1500,
  n_audio_state: 384,
  n_audio_head: 6,
  n_audio_layer: 4,
  n_text_ctx: 448,
  n_text_state: 384,
  n_text_head: 6,
  n_text_layer: 4,
  n_mels: 80,
  ftype: 1,
}
/** Half of a Fourier transform of 400 samples. */
const bins = 201
/** Without those that mean something to it, which it adds itself. Each is a space, which it asks for by name. */
const words = 50_256

/**
 * A file in whisper.cpp's ggml format, without weights: the real program loads it ("no tensors loaded - maybe for testing"),
 * takes all the time that a model of this size takes, and has nothing to say.
 */
export function whisperModel(change: Partial<typeof tinyEnglish> = {}): Buffer {
  const header = { ...tinyEnglish, ...change }
  const filters = Buffer.alloc(header.n_mels * bins * 4)
  const numbers = [0x67676d6c, ...Object.values(header), header.n_mels, bins]
  const head = Buffer.alloc(numbers.length * 4)
  for (const [at, number] of numbers.entries()) head.writeUInt32LE(number, at * 4)
  const count = Buffer.alloc(4)
  count.writeUInt32LE(words)
  const word = Buffer.from([1, 0, 0, 0, 0x20])
  return Buffer.concat([head, filters, count, ...Array.from({ length: words }, () => word)])
}
