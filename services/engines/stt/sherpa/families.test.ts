import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { moonshineFiles } from '../../../../test/support/speech-models.ts'
import {
  type SyntheticModel,
  writeParakeet,
  writeWhisper,
  writeZipformer,
} from '../../../../test/support/speech-onnx.ts'
import { haveSpeech } from '../../../../test/support/speech.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { EngineError } from '../../../core/engine.ts'
import { checkVad } from '../model-check.ts'
import { parakeetConfig, type TransducerFiles } from './parakeet.ts'
import { sherpaSettings } from './settings.ts'
import { whisperConfig, type WhisperFiles } from './whisper.ts'
import { openZipformer } from './zipformer.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'

/** What the native library is given and can't take ends the process, here that of the test. */
suite(
  'the parts of a model are told from those of others before the library sees them',
  { skip },
  async () => {
    const dir = await tempDir()
    after(() => dir[Symbol.asyncDispose]())
    const made = async (
      name: string,
      write: (folder: string) => Promise<SyntheticModel>,
    ): Promise<SyntheticModel['files']> => {
      await mkdir(join(dir.path, name))
      return (await write(join(dir.path, name))).files
    }
    const zipformer = await made('zipformer', writeZipformer)
    const parakeet = await made('parakeet', writeParakeet)
    const whisper = await made('whisper', writeWhisper)
    const text = join(dir.path, 'text')
    const empty = join(dir.path, 'empty')
    await writeFile(text, 'this is text')
    await writeFile(empty, '')
    const others = [text, empty, ...Object.values(moonshineFiles)]

    const families = [
      ['Zipformer', zipformer, files => openZipformer(files as unknown as TransducerFiles, 1)],
      ['Parakeet', parakeet, files => parakeetConfig(files as unknown as TransducerFiles)],
      ['Whisper', whisper, files => whisperConfig(files as unknown as WhisperFiles, undefined)],
    ] as const satisfies readonly (readonly [
      string,
      SyntheticModel['files'],
      (files: SyntheticModel['files']) => Promise<unknown>,
    ])[]
    for (const [family, own, open] of families)
      test(family, async () => {
        await open(own)
        for (const role of Object.keys(own)) {
          if (role === 'vad') continue
          const foreign = [zipformer, parakeet, whisper].flatMap(files => Object.values(files))
          for (const path of new Set([...foreign, ...others])) {
            // Of a list with a few more tokens nobody can tell.
            const isLike = role === 'tokens' && family === 'Zipformer' && path === parakeet['tokens']
            if (path === own[role] || isLike) continue
            await assert.rejects(open({ ...own, [role]: path }), isBadModel, `${role}: ${path}`)
          }
        }
      })

    test('the voice detector', async () => {
      await checkVad(moonshineFiles.vad)
      for (const path of [
        text,
        empty,
        moonshineFiles.encoder,
        zipformer['encoder'] ?? '',
        whisper['decoder'] ?? '',
      ])
        await assert.rejects(checkVad(path), isBadModel, path)
    })

    test('a language is one that the model knows', async () => {
      const files = whisper as unknown as WhisperFiles
      const languages = async (language: string | undefined): Promise<unknown> =>
        ((await whisperConfig(files, language))['whisper'] as { language: string }).language
      assert.deepEqual([await languages(undefined), await languages('de')], ['', 'de'])
      await assert.rejects(whisperConfig(files, 'fr'), isBadSettings)
      const language = (text: string) => sherpaSettings({ family: 'whisper', language: text }).language
      assert.deepEqual(['de', 'de-AT', 'auto'].map(language), ['de', 'de', undefined])
      for (const settings of [{}, { family: 'vosk' }, { family: 'whisper', language: 'German' }])
        assert.throws(() => sherpaSettings(settings), isBadSettings)
    })
  },
)

const isBadModel = (error: unknown): boolean =>
  error instanceof EngineError && error.failure.reason === 'bad_model'
const isBadSettings = (error: unknown): boolean =>
  error instanceof EngineError && error.failure.reason === 'bad_settings'
