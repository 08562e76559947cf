import type { ShownLine } from '../pane/history.ts'

/** Colours of the terminal's own palette that are told apart on light and on dark. */
const nameColours = [36, 35, 34, 32, 33]

/** What stands before each line: its time, and its service's name where several stand together. With SGR. */
export function linePrefix(options: {
  readonly times: boolean
  readonly names: readonly string[] | undefined
}): (line: ShownLine) => string {
  const { times, names } = options
  const width = Math.max(0, ...(names ?? []).map(name => name.length))
  return ({ service, time }) => {
    const when = times ? `\u001b[90m${time === undefined ? '--:--:--' : clock(time)}\u001b[39m ` : ''
    if (names === undefined) return when
    const colour = nameColours[Math.max(0, names.indexOf(service)) % nameColours.length] ?? 39
    // What the supervisor says names its service itself.
    const name = service === '' ? ' '.repeat(width) : `\u001b[${colour}m${service.padEnd(width)}\u001b[39m`
    return `${when}${name} \u001b[90m│\u001b[39m `
  }
}

/** Local time, as people read it on their own clock. */
function clock(time: number): string {
  const date = new Date(time)
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map(part => String(part).padStart(2, '0'))
    .join(':')
}
