/** A program that plays sound: samples from its stdin, or a WAV file. */
export type Player = { readonly program: string } & (
  | { readonly takes: 'pcm'; readonly args: (sampleRate: number) => readonly string[] }
  | { readonly takes: 'file'; readonly args: (path: string) => readonly string[] }
)

/** Those that begin with the first sentence come first. PCM16, little-endian, mono. */
export const players: readonly Player[] = [
  {
    program: 'aplay',
    takes: 'pcm',
    args: rate => ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', `${rate}`, '-c', '1'],
  },
  {
    program: 'paplay',
    takes: 'pcm',
    args: rate => ['--raw', '--format=s16le', `--rate=${rate}`, '--channels=1'],
  },
  {
    program: 'play',
    takes: 'pcm',
    args: rate => ['-q', '-t', 'raw', '-e', 'signed-integer', '-b', '16', '-r', `${rate}`, '-c', '1', '-'],
  },
  {
    program: 'ffplay',
    takes: 'pcm',
    // One channel is the default; the option for it has another name in each version.
    args: rate => [
      '-loglevel',
      'error',
      '-nodisp',
      '-autoexit',
      '-f',
      's16le',
      '-ar',
      `${rate}`,
      '-i',
      'pipe:0',
    ],
  },
  { program: 'pw-play', takes: 'file', args: path => [path] },
  { program: 'afplay', takes: 'file', args: path => [path] },
]

/** The first one that is there. */
export function choosePlayer(isInstalled: (program: string) => boolean): Player | undefined {
  return players.find(({ program }) => isInstalled(program))
}
