/**
 * What is wrong with a room's name, before the server refuses it; undefined: nothing, as far as the page can tell. The rule is
 * roomIdSchema's in services/chat/protocol.ts; the test compares them.
 */
export function roomNameFault(name: string): string | undefined {
  if (name === '') return 'Give it a name.'
  if (/[^\p{L}\p{M}\p{N} _.-]|\p{Default_Ignorable_Code_Point}/u.test(name)) {
    const [found] = /[^\p{L}\p{M}\p{N} _.-]|\p{Default_Ignorable_Code_Point}/u.exec(name) ?? []
    if (found !== undefined && /\p{Default_Ignorable_Code_Point}|\p{C}/u.test(found))
      return 'It has an invisible character in it. Type it anew.'
    return `“${found}” can’t be in a name. Letters, digits, spaces and _ . - can.`
  }
  if (!/^[\p{L}\p{N}]/u.test(name)) return 'It has to begin with a letter or a digit.'
  if (/[. ]$/.test(name)) return 'It can’t end with a dot or a space.'
  if (name.normalize('NFC').length > 64 || new TextEncoder().encode(name.normalize('NFC')).length > 200)
    return 'It is too long: 64 letters at most.'
  return undefined
}

export const roomNameRule = 'Letters, digits, spaces and _ . - (64 at most)'

/** A name for the room that a file becomes: what the file is called, as far as it may be. */
export function nameFromFile(file: string): string {
  const name = file
    .normalize('NFC')
    .replace(/\.(bb|txt)$/i, '')
    .replaceAll(/[^\p{L}\p{M}\p{N} _.-]|\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
  return name.replace(/(?<=^.{50}).*$/su, '').replace(/[. ]+$/, '')
}
