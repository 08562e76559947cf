/** One line of transcript.log. `offset` is its place in the file, in bytes, and so its identity. */
export interface TranscriptLine {
  readonly offset: number
  /** `YYYY-MM-DD`, and `HH:MM:SS.mmm`; undefined for a line that somebody wrote by hand in another form. */
  readonly date: string | undefined
  readonly time: string | undefined
  readonly direction: 'heard' | 'spoken'
  readonly text: string
}

/** The page keeps this many lines; older ones are in the file. */
export const keptLines = 1000

export function parseLine(offset: number, line: string): TranscriptLine {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) ([<>]) (.*)$/s.exec(line)
  if (match === null) return { offset, date: undefined, time: undefined, direction: 'heard', text: line }
  const [, date, time, mark, text = ''] = match
  return { offset, date, time, direction: mark === '>' ? 'spoken' : 'heard', text }
}

/**
 * Adds a line. The server repeats the last lines on each new connection: a line that is there already changes nothing.
 * A place in the file that holds other words than before means that the file was replaced; then the list starts anew.
 */
export function addLine(lines: readonly TranscriptLine[], line: TranscriptLine): readonly TranscriptLine[] {
  const last = lines.at(-1)
  if (last === undefined || line.offset > last.offset) return [...lines, line].slice(-keptLines)
  return lines.some(known => sameLine(known, line)) ? lines : [line]
}

export type TranscriptRow =
  | { readonly kind: 'date'; readonly key: string; readonly date: string; readonly words: string }
  | { readonly kind: 'line'; readonly key: string; readonly line: TranscriptLine }

/** What the page shows: the lines, with a separator wherever a new day begins. `today` is `YYYY-MM-DD`. */
export function toRows(lines: readonly TranscriptLine[], today: string): readonly TranscriptRow[] {
  const rows: TranscriptRow[] = []
  let day: string | undefined
  for (const line of lines) {
    if (line.date !== undefined && line.date !== day) {
      day = line.date
      rows.push({ kind: 'date', key: `day ${day} ${line.offset}`, date: day, words: dayInWords(day, today) })
    }
    rows.push({ kind: 'line', key: String(line.offset), line })
  }
  return rows
}

/** A day in words, next to today: `Today`, `Yesterday`, `Monday 2 November 2026`. Both are `YYYY-MM-DD`. */
function dayInWords(date: string, today: string): string {
  if (date === today) return 'Today'
  const noon = new Date(`${date}T12:00:00Z`)
  if (Number.isNaN(noon.getTime())) return date
  const next = new Date(noon.getTime() + 86_400_000).toISOString().slice(0, 10)
  if (next === today) return 'Yesterday'
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: 'UTC',
  })
  // Versions of the browsers' data differ in a comma after the weekday.
  return format.format(noon).replace(',', '')
}

/** The local day of a moment as `YYYY-MM-DD`, as in transcript.log. */
export function localDay(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
}

function sameLine(a: TranscriptLine, b: TranscriptLine): boolean {
  return a.offset === b.offset && a.text === b.text && a.time === b.time && a.date === b.date
}
