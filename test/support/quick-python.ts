import { chmod, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { execa } from 'execa'
import { findPython } from '../../runner/install/python.ts'

/**
 * A folder for the front of a PATH, with this machine's Python in it, but whose `-m venv` copies one that was made before:
 * ensurepip takes seconds each time, and the venv is the same but for the paths in it.
 */
export async function quickPython(range: string) {
  const search = await findPython(range, process.env)
  if (search.type === 'none') throw new Error(`there is no Python ${range} here`)
  const real = search.interpreter.path
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-python-'))
  const template = join(folder.path, 'template')
  await execa(real, ['-I', '-m', 'venv', template], { cwd: '/' })
  const bin = join(folder.path, 'bin')
  await mkdir(bin)
  await writeFile(join(folder.path, 'copy.py'), copyText)
  const path = join(bin, basename(real))
  await writeFile(
    path,
    `#!/bin/sh
case "$*" in '-I -m venv '*) exec '${real}' -I '${folder.path}/copy.py' '${template}' "$4" ;; esac
exec '${real}' "$@"
`,
  )
  await chmod(path, 0o755)
  return { bin, remove: () => folder.remove() }
}

const copyText = `
import os, shutil, sys
old, new = sys.argv[1:]
shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)
for name in ['pyvenv.cfg', *('bin/' + name for name in os.listdir(new + '/bin'))]:
    path = new + '/' + name
    if os.path.islink(path):
        continue
    with open(path, 'rb') as file:
        text = file.read()
    with open(path, 'wb') as file:
        file.write(text.replace(old.encode(), new.encode()))
`
