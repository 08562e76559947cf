import type { IncomingMessage, ServerResponse } from 'node:http'
import { png } from './png.ts'
import { FakeEndpoint, type RawAsked, rawAsked } from './fake-endpoint.ts'

/** A PNG file of one grey, which the seed decides. */
export function fakePng(width: number, height: number, seed: number): Buffer {
  const grey = seed & 0xff
  return png(width, height, [grey, grey, grey])
}

/** The start of a JPEG file. */
export const fakeJpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex')

/** How a test wants a request answered. */
export type PictureAnswer = (response: ServerResponse, asked: RawAsked) => void | Promise<void>

/** Stands in for a server of pictures elsewhere, on the loopback; its test says what it answers. */
export class FakePictures extends FakeEndpoint<RawAsked> {
  answer: PictureAnswer = response => say(response, 404, { detail: 'Not Found' })

  static start(): Promise<FakePictures> {
    return new FakePictures().listen()
  }

  get url(): string {
    return this.origin
  }

  protected override read(request: IncomingMessage, body: Buffer): RawAsked {
    return rawAsked(request, body)
  }
}

export function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
