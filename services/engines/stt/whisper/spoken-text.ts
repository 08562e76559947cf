/**
 * What was said, in one line. Whisper was trained on subtitles, and writes what is no speech as they do: [BLANK_AUDIO],
 * (music), *laughs*, ♪. Where it makes up words for noise ("Thank you."), nobody can tell: that is left to who decides
 * whether there was speech.
 */
export function spokenText(text: string): string {
  return text
    .replace(/\[[^\]]*\]|\([^)]*\)|（[^）]*）|【[^】]*】|\*[^*]*\*|[♪♫♬]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
}
