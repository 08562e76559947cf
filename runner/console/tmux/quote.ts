/** One word for sh, and for tmux's parser, which knows the same quotes. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
