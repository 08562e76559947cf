import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readRequirements } from '../../install/requirements.ts'
import type { PythonProgram, PythonProject } from './found.ts'
import { readIfThere } from './read.ts'

const requirementFiles = ['requirements.txt', 'requirements-dev.txt']

const programFiles = ['main.py', 'app.py', 'server.py', 'api.py'].flatMap(name => [
  name,
  `app/${name}`,
  `src/${name}`,
])

export function tellsOfPython(folder: string): boolean {
  return ['pyproject.toml', 'manage.py', ...requirementFiles].some(file => existsSync(join(folder, file)))
}

/** What a Python project's files tell. `dir` is relative to the folder. */
export async function lookAtPython(folder: string, dir: string): Promise<PythonProject> {
  const place = join(folder, dir)
  const there = (file: string): boolean => existsSync(join(place, file))
  const requirements = requirementFiles.filter(there)
  const toml = (await readIfThere(join(place, 'pyproject.toml'))) ?? ''
  const version = /^requires-python\s*=\s*["']([^"']*)["']/m.exec(toml)?.[1]
  const venv = ['.venv', 'venv'].find(name => there(`${name}/pyvenv.cfg`))
  const tool = there('uv.lock') ? 'uv' : there('poetry.lock') ? 'poetry' : undefined
  const { wanted } = readRequirements(requirements.map(file => join(place, file)))
  const named = wanted.map(one =>
    one.type === 'plain' ? one.name : one.text.split(/[^\w.-]/)[0]?.toLowerCase(),
  )
  const programs = await Promise.all(programFiles.map(file => lookAtProgram(place, file)))
  return {
    dir,
    requirements,
    ...(version === undefined ? {} : { version: version.replaceAll(' ', '') }),
    ...(venv === undefined ? {} : { venv }),
    ...(tool === undefined ? {} : { tool }),
    dependencies: new Set([...named.filter(name => name !== undefined), ...dependenciesOf(toml)]),
    scripts: Object.fromEntries(
      [...tableOf(toml, 'project.scripts').matchAll(/^\s*["']?([\w.-]+)["']?\s*=\s*["']([\w.:]+)["']/gm)].map(
        ([, name = '', target = '']) => [name, target],
      ),
    ),
    src: there('src'),
    djangoManage: there('manage.py'),
    programs: programs.filter(program => program !== undefined),
  }
}

/** The body of a table. Enough of TOML for the few keys that are asked for; their values are plain strings. */
function tableOf(toml: string, name: string): string {
  const lines = toml.split('\n')
  const start = lines.findIndex(line => line.replaceAll(/\s/g, '').replace(/#.*$/, '') === `[${name}]`)
  if (start < 0) return ''
  const end = lines.findIndex((line, index) => index > start && /^\s*\[/.test(line))
  return lines.slice(start + 1, end < 0 ? undefined : end).join('\n')
}

/** Names in `dependencies = [...]`, and the keys of poetry's table. */
function dependenciesOf(toml: string): string[] {
  const list = /^dependencies\s*=\s*\[((?:"[^"]*"|'[^']*'|[^\]"'])*)\]/m.exec(toml)?.[1] ?? ''
  const listed = [...list.matchAll(/["']\s*([A-Za-z0-9][\w.-]*)/g)].map(([, name = '']) => name)
  const poetry = [...tableOf(toml, 'tool.poetry.dependencies').matchAll(/^([A-Za-z0-9][\w.-]*)\s*=/gm)]
  return [...listed, ...poetry.map(([, name = '']) => name)].map(name => name.toLowerCase())
}

async function lookAtProgram(place: string, file: string): Promise<PythonProgram | undefined> {
  const text = await readIfThere(join(place, file))
  if (text === undefined) return undefined
  const [, variable, maker] =
    /^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Flask|Starlette)\(/m.exec(text) ?? []
  const framework = maker?.toLowerCase() as 'fastapi' | 'flask' | 'starlette' | undefined
  return {
    file,
    ...(variable === undefined || framework === undefined ? {} : { app: { framework, variable } }),
    runs: /^if __name__ == ['"]__main__['"]/m.test(text),
  }
}
