import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Attachment } from '../../portal/client.ts'
import { Refusal } from '../api/refusal.ts'
import { apiProblems } from '../messages.ts'

const types: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/jpg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

/** The pictures of one request, which its messages bring as `data:` URLs, as files for core. */
export class Pictures {
  readonly #folder: () => Promise<string>
  readonly #found: { readonly name: string; readonly bytes: Buffer }[] = []

  /** `folder`: makes one for them, if there are any. */
  constructor(folder: () => Promise<string>) {
    this.#folder = folder
  }

  /** Its file's name. Nothing is fetched from elsewhere: it would be this machine that asks for what a client wants. */
  add(url: string): string {
    const [, type = '', data] = /^data:([a-z/+.-]+);base64,(.*)$/is.exec(url) ?? []
    const suffix = types[type.toLowerCase()]
    if (data === undefined || suffix === undefined) throw new Refusal(400, apiProblems.pictureUrl())
    const name = `picture-${this.#found.length + 1}.${suffix}`
    this.#found.push({ name, bytes: Buffer.from(data, 'base64') })
    return name
  }

  async files(): Promise<readonly Attachment[]> {
    if (this.#found.length === 0) return []
    const folder = await this.#folder()
    return Promise.all(
      this.#found.map(async ({ name, bytes }) => {
        const from = join(folder, name)
        await writeFile(from, bytes, { flag: 'wx' })
        return { name, from }
      }),
    )
  }
}
