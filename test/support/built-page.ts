import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { execa } from 'execa'

const root = join(import.meta.dirname, '../..')
const vite = join(root, 'node_modules/vite/bin/vite.js')

/** The folder of the page as `up --prod` builds it; built once for these sources, also where tests run side by side. */
export async function builtPage(): Promise<string> {
  const folder = join(tmpdir(), `courante-page-${await sourcesHash()}`)
  if (existsSync(folder)) return folder
  const hidden = `${folder}.${randomBytes(4).toString('hex')}`
  await execa(process.execPath, [vite, 'build', 'web', '--outDir', hidden, '--logLevel', 'warn'], {
    cwd: root,
  })
  try {
    await rename(hidden, folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
    await rm(hidden, { recursive: true })
  }
  return folder
}

async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256')
  const files = ['package-lock.json']
  for await (const file of glob('{web/**/*,services/*/protocol.ts}', {
    cwd: root,
    exclude: entry => entry.name === 'node_modules' || entry.name === 'dist',
    withFileTypes: true,
  }))
    if (file.isFile()) files.push(relative(root, join(file.parentPath, file.name)))
  for (const file of files.sort()) hash.update(`${file}\n`).update(await readFile(join(root, file)))
  return hash.digest('hex').slice(0, 16)
}
