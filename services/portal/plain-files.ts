import { closeSync, constants, fstatSync, openSync, unlinkSync, writeFileSync, writeSync } from 'node:fs'
import { hasCode, removeAll } from './moves.ts'

/**
 * A file of an answer that was collected, left in the folder of the next request for the answer to that. On ext4 a new file takes
 * longer the more files were removed in the last minutes; one that is written over always takes the same.
 */
export const blankName = '.blank'

/** Larger ones are not kept. */
const maxKept = 16 * 1024

const uid = process.geteuid?.()

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants

/** Through no link that somebody put in its place. */
export function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    unlinkSync(path)
    writeNew(path, text)
  }
}

/**
 * Writes a line over a file of ours that has this one name, padded with blanks before its end to what was there. False: there is
 * no such file.
 */
export function writeOver(path: string, line: string): boolean {
  let file
  try {
    file = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ELOOP', 'ENXIO', 'EISDIR', 'EACCES')) return false
    throw error
  }
  try {
    const stat = fstatSync(file)
    const { nlink, size } = stat
    if (!stat.isFile() || nlink !== 1 || stat.uid !== uid || size > maxKept) return false
    const blanks = Math.max(0, size - Buffer.byteLength(line) - 1)
    const text = `${line}${' '.repeat(blanks)}\n`
    let at = writeSync(file, text, 0)
    // A short write leaves a rest, as where the disk is almost full.
    if (at < Buffer.byteLength(text)) {
      const all = Buffer.from(text)
      while (at < all.length) at += writeSync(file, all, at, all.length - at, at)
    }
    return true
  } finally {
    closeSync(file)
  }
}

/** Adds to a file, and to nothing else that somebody put in its place. */
export function addPlain(path: string, text: string): void {
  try {
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK)
    writeFileSync(file, text)
    closeSync(file)
  } catch (error) {
    if (!hasCode(error, 'ELOOP', 'ENXIO', 'EISDIR', 'EAGAIN')) throw error
    removeAll(path)
    writeNew(path, text)
  }
}
