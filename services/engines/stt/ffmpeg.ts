import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { FileHandle } from 'node:fs/promises'
import { type AudioFault, badAudio, type Recording } from './recording.ts'
import { sampleRate } from './sherpa-library.ts'

/**
 * What may be inside of a file. Playlists (HLS, DASH, concat) are not: they make ffmpeg open whatever a client names, other
 * files and addresses on the network.
 */
const formats =
  'mp3,aac,flac,ogg,mov,matroska,webm,wav,w64,rf64,aiff,caf,au,amr,asf,avi,mpeg,mpegts,flv,ac3,eac3,ape,wv,tta,opus'

/** The file comes as descriptor 3, so that it is the one that was looked at, whatever its name says by now. */
const args = [
  `-nostdin -v error -threads 1 -protocol_whitelist file -format_whitelist ${formats}`,
  '-i file:/dev/fd/3 -map 0:a:0 -vn -sn -dn',
  `-f s16le -ac 1 -ar ${sampleRate} pipe:1`,
].flatMap(part => part.split(' '))

const wordsBytes = 4000

/** Any format that ffmpeg reads, where there is one on the PATH. `unread`: what to call a file that it does not read. */
export function throughFfmpeg(
  file: FileHandle,
  env: Readonly<Record<string, string | undefined>>,
  unread: AudioFault,
): Recording {
  return { sampleRate, samples: Infinity, pieces: signal => pieces(file, env, unread, signal) }
}

async function* pieces(
  file: FileHandle,
  env: Readonly<Record<string, string | undefined>>,
  unread: AudioFault,
  signal: AbortSignal,
): AsyncGenerator<Float32Array> {
  // No more of the environment: some of its variables make ffmpeg write files.
  const ffmpeg = spawn('ffmpeg', args, {
    env: { PATH: env['PATH'], LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe', file.fd],
    signal,
    killSignal: 'SIGKILL',
  })
  // Its exit code, or why it did not start.
  const ended = once(ffmpeg, 'close').then(
    ([code]) => code as number | null,
    (error: unknown) => error as NodeJS.ErrnoException,
  )
  let words = ''
  ffmpeg.stderr?.setEncoding('utf8').on('data', (more: string) => {
    if (words.length < wordsBytes) words += more
  })
  try {
    let any = false
    let odd: Buffer = Buffer.alloc(0)
    for await (const chunk of ffmpeg.stdout as AsyncIterable<Buffer>) {
      const bytes = odd.length === 0 ? chunk : Buffer.concat([odd, chunk])
      const count = bytes.length >> 1
      odd = bytes.subarray(count * 2)
      if (count === 0) continue
      any = true
      const samples = new Float32Array(count)
      for (let i = 0; i < count; i++) samples[i] = bytes.readInt16LE(i * 2) / 32768
      yield samples
    }
    const end = await ended
    if (signal.aborted || end === 0) return
    if (end instanceof Error) throw end.code === 'ENOENT' ? badAudio('no_ffmpeg') : end
    if (words.includes('matches no streams')) throw badAudio('no_audio')
    throw badAudio(any ? 'truncated' : unread)
  } finally {
    ffmpeg.kill('SIGKILL')
  }
}
