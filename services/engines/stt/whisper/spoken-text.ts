/**
 * What was said, in one line. Whisper was trained on subtitles, and writes what is no speech as they do: [BLANK_AUDIO],
 * (music), *laughs*, ♪. People speak of things in brackets, too, so among words only what is known is taken for such. Where
 * it makes up words for noise ("Thank you."), nobody can tell: that is left to who decides whether there was speech.
 */
export function spokenText(text: string): string {
  const words = spokenOrNothing(text)
    .replace(brackets, part => (isSound(part) ? ' ' : part))
    .replace(starred, ' ')
    .replace(notes, ' ')
  return oneLine(words)
}

/** The same for a model of which nothing is known: what is all in brackets is no speech, and all else is. */
export function spokenOrNothing(text: string): string {
  const rest = text.replace(brackets, '').replace(starred, '').replace(notes, '')
  return /[\p{L}\p{N}]/u.test(rest) ? oneLine(text) : ''
}

const brackets = /\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】/gu
/** Not the signs of a product: `2 * 3 * 4`. */
const starred = /\*\p{L}[\p{L}\s]*\*/gu
const notes = /[♪♫♬]+/gu

const sounds = new Set(
  `applause applauding audience barking beep beeping blank_audio breathing buzzing chatter cheering chuckles
  clapping clears clicking cough coughing coughs crowd crying gasps giggles groans inaudible indistinct instrumental laughing
  laughs laughter mumbling music noise noises ringing sigh sighs silence silent sings singing sneezes sniffs sobbing
  unintelligible whispering whistling`.split(/\s+/),
)
/** `upbeat music`, `clears throat`, `speaking in foreign language`; more words are a sentence of somebody. */
const mostWords = 3

function isSound(part: string): boolean {
  const words = part
    .slice(1, -1)
    .trim()
    .toLowerCase()
    .split(/[\s-]+/u)
  if (words[0] === 'speaking' || words[0] === 'speaks')
    return words.includes('language') || words.length === 2
  return words.length <= mostWords && words.some(word => sounds.has(word))
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}
