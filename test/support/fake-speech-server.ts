import type { IncomingMessage, ServerResponse } from 'node:http'
import { encodeWav } from '../../lib/wav.ts'
import { FakeEndpoint, type RawAsked, rawAsked } from './fake-endpoint.ts'

/** How a test wants a request answered. */
export type SpeechAnswer = (response: ServerResponse, asked: RawAsked) => void | Promise<void>

/** So much sound for each character. */
export const samplesPerCharacter = 100
export const speechRate = 24_000

/** Stands in for an endpoint that speaks, on the loopback: a WAV file whose length is that of the text. */
export class FakeSpeechServer extends FakeEndpoint<RawAsked> {
  answer: SpeechAnswer = usualSpeech

  static start(): Promise<FakeSpeechServer> {
    return new FakeSpeechServer().listen()
  }

  get url(): string {
    return `${this.origin}/v1`
  }

  protected override read(request: IncomingMessage, body: Buffer): RawAsked {
    return rawAsked(request, body)
  }
}

export const usualSpeech: SpeechAnswer = (response, asked) => giveSpeech(response, speechOf(wordsOf(asked)))

/** What a request wants spoken. */
export function wordsOf({ body }: RawAsked): string {
  return (JSON.parse(body) as { input: string }).input
}

export function speechOf(text: string, sampleRate = speechRate): Buffer {
  const samples = Float32Array.from({ length: text.length * samplesPerCharacter }, (_, i) =>
    Math.sin((i * 2 * Math.PI * 440) / sampleRate),
  )
  return encodeWav(samples, sampleRate)
}

export function giveSpeech(response: ServerResponse, bytes: string | Buffer, type = 'audio/wav'): void {
  response.writeHead(200, { 'content-type': type })
  response.end(bytes)
}
