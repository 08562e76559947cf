import { cp, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './moves.ts'

/** The files of the attempt that was answered: that with the highest number. */
export async function takeFiles(folder: string, to: string): Promise<void> {
  const outs = (await readdir(folder)).filter(name => /^out-\d+$/.test(name))
  outs.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))
  await mkdir(to, { recursive: true })
  if (outs[0] === undefined) return
  for (const name of await readdir(join(folder, outs[0])))
    await take(join(folder, outs[0], name), join(to, name))
}

async function take(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!hasCode(error, 'EXDEV')) throw error
    // Another file system. Links are copied as what they are.
    await cp(from, to, { recursive: true, verbatimSymlinks: true })
  }
}
