import type { PythonProgram, PythonProject } from './found.ts'

/** A service that a Python project's files tell of. */
export interface PythonService {
  readonly name: string
  readonly command: string
  readonly port?: number
  readonly env: Readonly<Record<string, string>>
  /** The file that tells of it, relative to the project's folder. */
  readonly from: string
}

export interface PythonChoice {
  readonly services: readonly PythonService[]
  /** `[project.scripts]` whose names don't tell that they stay up. */
  readonly left: readonly string[]
}

export function choosePython(project: PythonProject): PythonChoice {
  const run = project.tool === undefined ? '' : `${project.tool} run `
  const env: Record<string, string> = project.src ? { PYTHONPATH: 'src' } : {}
  const services: PythonService[] = []
  const left: string[] = []
  for (const [name, target] of Object.entries(project.scripts)) {
    const [module, call] = target.split(':')
    const starts = name.split(/[^a-z0-9]+/).some(word => staying.has(word))
    if (!starts || module === undefined || call === undefined) left.push(name)
    else if (run !== '') services.push({ name, command: `${run}${name}`, env: {}, from: 'pyproject.toml' })
    else services.push({ name, command: callOf(module, call), env, from: 'pyproject.toml' })
  }
  if (project.djangoManage)
    services.push({
      name: 'django',
      command: `${run}python manage.py runserver 8000`,
      port: 8000,
      env: {},
      from: 'manage.py',
    })
  else if (services.length === 0) {
    const served = project.programs
      .map(program => serve(program, project, run))
      .find(one => one !== undefined)
    if (served !== undefined) services.push({ ...served, env })
  }
  return { services, left }
}

/** What the script that pip would install does; it needs no install of the project itself. */
function callOf(module: string, call: string): string {
  return `python -c 'import sys; from ${module} import ${call.split('.')[0]}; sys.exit(${call}())'`
}

function serve(
  program: PythonProgram,
  { dependencies }: PythonProject,
  run: string,
): Omit<PythonService, 'env'> | undefined {
  const { file, app } = program
  const module = file
    .replace(/^src\//, '')
    .replace(/\.py$/, '')
    .replaceAll('/', '.')
  const hasUvicorn =
    dependencies.has('uvicorn') || (dependencies.has('fastapi') && app?.framework === 'fastapi')
  if (app !== undefined && app.framework !== 'flask' && hasUvicorn) {
    const command = `${run}python -m uvicorn ${module}:${app.variable} --reload --port 8000`
    return { name: 'api', command, port: 8000, from: file }
  }
  if (app?.framework === 'flask' && dependencies.has('flask')) {
    const command = `${run}python -m flask --app ${module}:${app.variable} run --port 5000`
    return { name: 'api', command, port: 5000, from: file }
  }
  const web = [...dependencies].some(name => frameworks.has(name))
  return program.runs && web ? { name: 'api', command: `${run}python ${file}`, from: file } : undefined
}

const frameworks = new Set(
  'uvicorn fastapi flask starlette aiohttp tornado sanic quart websockets'.split(' '),
)

const staying = new Set(
  'serve server start dev run web api worker backend app bot scheduler daemon agent gateway consumer service'.split(
    ' ',
  ),
)
