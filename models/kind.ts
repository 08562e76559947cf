/** What a model is for. `vad` is voice activity: it works inside of `stt`. `rerank` orders texts by how well they answer. */
export const modelKinds = ['llm', 'embedding', 'rerank', 'stt', 'vad', 'tts', 'image'] as const
export type ModelKind = (typeof modelKinds)[number]
