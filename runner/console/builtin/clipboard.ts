/**
 * What asks the terminal to put a text into the clipboard: OSC 52, xterm's "manipulate selection data". Within tmux it is
 * sent twice: as it is, for `set-clipboard on`, and passed through to the terminal outside, for `allow-passthrough on`.
 */
export function clipboardSequence(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const sequence = `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`
  if (env['TMUX'] === undefined) return sequence
  return `${sequence}\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`
}
