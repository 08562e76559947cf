/** A file that lies beside the room. `type` is what the server says that it is. */
export interface AttachedFile {
  readonly name: string
  readonly url: string
  readonly type: string
}

const mostBytes = 256 * 1024

/** What is posted: the text, and what shows the files below it. */
export function messageText(text: string, files: readonly AttachedFile[]): string {
  const links = files.map(({ name, url, type }) => `${isPicture(type) ? '!' : ''}[${escaped(name)}](${url})`)
  return [text.trim(), ...links].filter(part => part !== '').join('\n\n')
}

/** How many times more than a message may have; undefined: it fits. */
export function tooLong(text: string): string | undefined {
  // A letter has three bytes at most, so most texts need no counting.
  if (text.length * 3 <= mostBytes) return undefined
  const { length } = new TextEncoder().encode(text)
  if (length <= mostBytes) return undefined
  return `This has ${Math.ceil(length / 1024)} KB; a message has 256 KB at most. Attach it as a file, or send it in parts.`
}

/** SVG is a program, and only saved. */
function isPicture(type: string): boolean {
  return type.startsWith('image/') && !type.includes('svg')
}

function escaped(name: string): string {
  return name.replaceAll(/[\\[\]<>*_`!]/g, String.raw`\$&`)
}
