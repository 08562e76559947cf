/** The name in rooms of the user of this machine, made of the operating system's. */
export function localUserName(system: string): string {
  const fit = system
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}+/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, '_')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .slice(0, 32)
    .replace(/\.+$/, '')
  return fit === '' ? 'me' : fit
}
