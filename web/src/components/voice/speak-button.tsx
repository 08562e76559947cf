/** Reads a message aloud, or stops that. `id` tells it from others; `text` is Markdown. */
export function SpeakButton(_: { id: string; text: string; voice?: string | undefined }) {
  return null
}
