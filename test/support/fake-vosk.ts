import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeWheel } from './wheels.ts'

/**
 * What services/python/examples/vosk_engine.py uses of Vosk's package, in Python alone: it takes tones for words (`low`, `high`),
 * and half a second of silence for the end of an utterance. Times go on from one utterance to the next, as Vosk's do.
 */
const source = `
import array, json, os, time

def SetLogLevel(level):
    print('this would get between the frames')

class Model:
    def __init__(self, path):
        with open(os.path.join(path, 'am/final.mdl'), 'rb') as file:
            if file.read(4) != b'fake':
                raise Exception('Failed to create a model')

class KaldiRecognizer:
    def __init__(self, model, rate):
        assert isinstance(model, Model)
        self.rate, self.step = int(rate), int(rate) // 20
        self.heard, self.at, self.words, self.left = 0, 0, [], array.array('h')
        self.quiet, self.with_words = 0, False

    def SetWords(self, wanted):
        self.with_words = bool(wanted)

    def AcceptWaveform(self, data):
        self.left.frombytes(bytes(data))
        over = False
        while len(self.left) >= self.step:
            piece = self.left[:self.step]
            del self.left[:self.step]
            over = self._hear(piece) or over
        return 1 if over else 0

    def _hear(self, piece):
        start, self.at = self.at, self.at + self.step
        if max(abs(x) for x in piece) < 1000:
            self.quiet += self.step
            return bool(self.words) and self.quiet >= self.rate // 2
        crossings = sum((a < 0) != (b < 0) for a, b in zip(piece, piece[1:]))
        word = 'low' if crossings * self.rate / len(piece) / 2 < 600 else 'high'
        times = {'conf': 1.0, 'start': start / self.rate, 'end': self.at / self.rate, 'word': word}
        if self.words and self.quiet == 0 and self.words[-1]['word'] == word:
            self.words[-1]['end'] = times['end']
        else:
            self.words.append(times)
        self.quiet = 0
        return False

    def Result(self):
        words, self.words = self.words, []
        text = {'text': ' '.join(word['word'] for word in words)}
        return json.dumps({'result': words, **text} if words and self.with_words else text)

    FinalResult = Result

    def PartialResult(self):
        return json.dumps({'partial': ' '.join(word['word'] for word in self.words)})

    def Reset(self):
        self.words = []
`

/** As a folder for PYTHONPATH. Returns its path. */
export async function fakeVoskFolder(dir: string): Promise<string> {
  const folder = join(dir, 'packages')
  await mkdir(join(folder, 'vosk'), { recursive: true })
  await writeFile(join(folder, 'vosk/__init__.py'), source)
  return folder
}

/** As a wheel in that folder. */
export function fakeVoskWheel(wheels: string): Promise<string> {
  return writeWheel(wheels, { name: 'vosk', version: '0.3.45', files: { 'vosk.py': source } })
}

/** A folder as Vosk's models are. Returns its path. */
export async function fakeVoskModel(dir: string, weights = 'fake'): Promise<string> {
  const folder = join(dir, 'vosk-model')
  await mkdir(join(folder, 'am'), { recursive: true })
  await writeFile(join(folder, 'am/final.mdl'), weights)
  return folder
}

/** Tones and silence, in seconds: `[['low', 0.5], ['silence', 1]]`. */
export function tones(
  parts: readonly (readonly ['low' | 'high' | 'silence', number])[],
  sampleRate: number,
): Float32Array {
  const hertz = { low: 440, high: 880, silence: 0 }
  return Float32Array.from(
    parts.flatMap(([what, seconds]) =>
      Array.from({ length: seconds * sampleRate }, (_, i) =>
        what === 'silence' ? 0 : 0.3 * Math.sin((2 * Math.PI * hertz[what] * i) / sampleRate),
      ),
    ),
  )
}
