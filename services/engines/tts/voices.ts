import type { EspeakVoice } from './espeak-module.ts'

export interface Voice {
  /** For eSpeak. */
  readonly id: string
  /** For people. */
  readonly name: string
}

/**
 * What a voice may be called: its name, such as `en-US`, in any case, or its language's, such as `fr-fr`; and after a `+` the
 * name of a variant: `en-US+f3`. eSpeak itself takes an unknown variant for none.
 */
export class Voices {
  readonly names: readonly string[]
  readonly #voices = new Map<string, Voice>()
  readonly #variants: ReadonlySet<string>

  constructor(voices: readonly EspeakVoice[], variants: readonly string[]) {
    this.#variants = new Set(variants)
    const all = voices.map(({ identifier, languages }) => ({
      id: identifier,
      name: identifier.slice(identifier.lastIndexOf('/') + 1),
      languages,
    }))
    this.names = all.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b, 'en'))
    // A voice's own name wins over what others call their language.
    for (const { id, name, languages } of all)
      for (const language of languages) this.#voices.set(language.name.toLowerCase(), { id, name })
    for (const { id, name } of all) this.#voices.set(name.toLowerCase(), { id, name })
  }

  find(wanted: string): Voice | undefined {
    const plus = wanted.indexOf('+')
    const voice = this.#voices.get((plus === -1 ? wanted : wanted.slice(0, plus)).toLowerCase())
    if (voice === undefined || plus === -1) return voice
    const variant = wanted.slice(plus + 1)
    if (!this.#variants.has(variant)) return undefined
    return { id: `${voice.id}+${variant}`, name: `${voice.name}+${variant}` }
  }
}
