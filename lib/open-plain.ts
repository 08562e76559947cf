import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/**
 * Opens a regular file for reading, through no symbolic link (ELOOP) and without ever waiting, as a named pipe would make
 * an ordinary open do. For files that somebody else wrote. Throws an error with code `ENOTREG` for anything else.
 */
export async function openPlain(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const stat = await file.stat()
  if (stat.isFile()) return file
  await file.close()
  throw Object.assign(new Error(`${path} is not a regular file`), { code: 'ENOTREG' })
}
