/** What a model is for. `vad` is voice activity: it works inside of `stt`. */
export const modelKinds = ['llm', 'embedding', 'stt', 'vad', 'tts', 'image'] as const
export type ModelKind = (typeof modelKinds)[number]
