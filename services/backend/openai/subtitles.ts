interface Segment {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** SubRip, or WebVTT (https://www.w3.org/TR/webvtt1/). Times in seconds. */
export function subtitles(segments: readonly Segment[], format: 'srt' | 'vtt'): string {
  const mark = format === 'srt' ? ',' : '.'
  const blocks = segments.map(({ start, end, text }, at) => {
    const times = `${clock(start, mark)} --> ${clock(end, mark)}`
    return format === 'srt' ? `${at + 1}\n${times}\n${text}\n` : `${times}\n${text}\n`
  })
  return `${format === 'vtt' ? 'WEBVTT\n\n' : ''}${blocks.join('\n')}`
}

function clock(seconds: number, mark: string): string {
  const ms = Math.round(seconds * 1000)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const rest = String(ms % 1000).padStart(3, '0')
  return `${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1000) % 60)}${mark}${rest}`
}
