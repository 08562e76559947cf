/**
 * The files of a paste that are to be attached. Text stays text, also where an office program offers a picture of it beside it;
 * those offer it with its looks, too, unlike a file manager, whose text is the file's name.
 */
export function pastedFiles(data: Pick<DataTransfer, 'types' | 'files'>, now: Date): File[] {
  const isText = data.types.includes('text/plain')
  if (isText && ['text/html', 'text/rtf'].some(type => data.types.includes(type))) return []
  return Array.from(data.files, file => named(file, now))
}

/** Every picture of a clipboard is called image.png. */
function named(file: File, now: Date): File {
  const [, ending] = /^image\.(\w+)$/.exec(file.name) ?? []
  if (ending === undefined) return file
  const two = (n: number): string => String(n).padStart(2, '0')
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('.')
  return new File([file], `Pasted ${day} ${time}.${ending}`, { type: file.type })
}
