import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { crossCheck } from '../check.ts'
import { stackSchema } from '../schema.ts'
import { draft } from './draft.ts'
import type { Found, Package, PythonProject } from './found.ts'
import { write } from './write.ts'

suite('what init makes of package.json scripts', () => {
  const cases: [name: string, scripts: Record<string, string>, services: Record<string, string>][] = [
    ['dev goes before start', { start: 'node a.js', dev: 'nodemon a.js' }, { app: 'npm run dev' }],
    ['a page gets the name web', { start: 'react-scripts start', build: 'x' }, { web: 'npm run start' }],
    [
      "Nest's many ways to start are one service",
      { start: 'nest start', 'start:dev': 'nest start --watch', 'start:debug': 'x', 'start:prod': 'x' },
      { app: 'npm run start:dev' },
    ],
    [
      'an umbrella gives way to its parts',
      { dev: 'concurrently -n a,b "npm:dev:*"', 'dev:web': 'vite', 'dev:api': 'node api.js' },
      { web: 'npm run dev:web', api: 'npm run dev:api' },
    ],
    [
      'one that does more than start others keeps them',
      { dev: 'concurrently "npm run dev:css" "node server.js"', 'dev:css': 'tailwindcss -w' },
      { app: 'npm run dev' },
    ],
    [
      'the same program twice starts once',
      { dev: 'nodemon s.js', server: 'node s.js' },
      { app: 'npm run dev' },
    ],
    [
      'a compiler that watches runs beside',
      { dev: 'node s.js', watch: 'tsc -w' },
      { app: 'npm run dev', watch: 'npm run watch' },
    ],
    [
      'a server that watches does not',
      { start: 'node s.js', watch: 'node --watch s.js' },
      { app: 'npm run start' },
    ],
    [
      'what ends is left out',
      { dev: 'vite', predev: 'x', prepare: 'x', 'test:watch': 'x', migrate: 'x', lint: 'x', 'db:push': 'x' },
      { web: 'npm run dev' },
    ],
    [
      'a watching build stays',
      { dev: 'vite', 'build:watch': 'tsc -w' },
      { web: 'npm run dev', 'build-watch': 'npm run build:watch' },
    ],
    ['names are made valid', { 'dev:Big_API@2': 'x' }, { 'big-api-2': 'npm run dev:Big_API@2' }],
  ]
  for (const [name, scripts, services] of cases) {
    test(name, () => {
      const { stack } = made({ packages: [packageWith(scripts)] })
      assert.deepEqual(
        Object.fromEntries(Object.entries(stack.services).map(([key, { command }]) => [key, command])),
        services,
      )
    })
  }

  test('each workspace is a service in its folder; the turbo script of the root is not', () => {
    const { stack, text } = made({
      packages: [
        packageWith({ dev: 'turbo dev', worker: 'node w.js' }, { manager: 'pnpm' }),
        packageWith({ dev: 'next dev' }, { dir: 'apps/site', manager: 'pnpm' }),
        packageWith({ start: 'node x.js', 'start:mail': 'node m.js' }, { dir: 'apps/api', manager: 'pnpm' }),
        packageWith({ build: 'tsc' }, { dir: 'packages/lib', manager: 'pnpm' }),
      ],
    })
    assert.deepEqual(
      Object.entries(stack.services).map(([name, { command, cwd }]) => [name, command, cwd]),
      [
        ['worker', 'pnpm run worker', undefined],
        ['site', 'pnpm run dev', 'apps/site'],
        ['api', 'pnpm run start', 'apps/api'],
        ['api-mail', 'pnpm run start:mail', 'apps/api'],
      ],
    )
    assert.match(text, /^# - package\.json, dev: starts what the workspaces have$/m)
  })
})

suite('the ports that init finds', () => {
  const cases: [command: string, port: number | undefined][] = [
    ['node s.js --port 3000', 3000],
    ['node s.js --port=3000', 3000],
    ['PORT=3000 node s.js', 3000],
    ['rails s -p 3000', 3000],
    ['PORT=${PORT:-3000} node s.js', 3000],
    ['gunicorn -b 0.0.0.0:8000 x', 8000],
    ['python manage.py runserver 8001', 8001],
    ['node s.js --port $PORT', 5000],
    ['vite', 5173],
    ['vite --port 3333', 3333],
    ['next dev', 3000],
    ['vite build --watch', undefined],
    ['cd x && vite', undefined],
    ['mkdir -p 3000x', undefined],
    ['DB_PORT=5432 node s.js', undefined],
    ['docker run -p 3000:80 x', undefined],
    ['node s.js --port 3000 & node t.js --port 3001', undefined],
    ['echo $PORT', undefined],
  ]
  for (const [command, port] of cases) {
    test(`${command} → ${port ?? 'none'}`, () => {
      const { stack } = made({ packages: [packageWith({ dev: command })] })
      assert.equal(Object.values(stack.services)[0]?.port, port)
    })
  }

  test('the same port twice: the second has none, and a comment says why', () => {
    const { stack, text } = made({
      packages: [packageWith({ 'dev:a': 'x --port 3000', 'dev:b': 'y --port 3000' })],
    })
    assert.deepEqual([stack.services['a']?.port, stack.services['b']?.port], [3000, undefined])
    assert.match(text, /it names port 3000 too, which is a's/)
  })

  test('a port that only the vite.config knows is no port', () => {
    const vite = (vitePort: number | 'unknown') =>
      made({ packages: [packageWith({ dev: 'vite' }, { vitePort })] }).stack.services['web']?.port
    assert.deepEqual([vite(4000), vite('unknown')], [4000, undefined])
  })

  test('the PORT of a .env does not go over the key port', () => {
    const { stack } = made({ packages: [packageWith({ dev: 'x --port 3000' })], dotEnv: { port: 9999 } })
    assert.deepEqual(stack.services['app']?.env, { PORT: '3000' })
    assert.equal(stack.services['app']?.env_file, '.env')
  })
})

suite('what init makes of a Procfile', () => {
  test('ports as foreman counts; a release line is not started', () => {
    const { stack, text } = made({
      procfile: {
        file: 'Procfile',
        lines: [
          { line: 1, name: 'web', command: 'bundle exec puma -p $PORT' },
          { line: 2, name: 'release', command: 'rake db:migrate' },
          { line: 4, name: 'Mail_Worker', command: 'node worker.js' },
        ],
      },
    })
    assert.deepEqual(
      Object.entries(stack.services).map(([name, { port, env, pane }]) => [name, port, env, pane]),
      [
        ['web', 5000, {}, 'web'],
        ['mail-worker', undefined, { PORT: '5200' }, undefined],
      ],
    )
    assert.deepEqual(stack.console, { panes: ['services', 'web'], open: 'web' })
    assert.match(text, /^# - Procfile, release: rake db:migrate/m)
    assert.match(text, /^ {2}# Procfile, line 4$/m)
  })

  test('a script that the Procfile runs is not started twice', () => {
    const { stack } = made({
      procfile: { file: 'Procfile', lines: [{ line: 1, name: 'web', command: 'npm start' }] },
      packages: [packageWith({ start: 'next start', dev: 'next dev', worker: 'node w.js' })],
    })
    assert.deepEqual(Object.keys(stack.services), ['web', 'worker'])
  })
})

suite('what init makes of Python', () => {
  const cases: [name: string, project: Partial<PythonProject>, command: string, port: number | undefined][] =
    [
      ['Django', { djangoManage: true }, 'python manage.py runserver 8000', 8000],
      [
        'FastAPI',
        {
          dependencies: new Set(['fastapi', 'uvicorn']),
          programs: [{ file: 'app/main.py', app: { framework: 'fastapi', variable: 'api' }, runs: false }],
        },
        'python -m uvicorn app.main:api --reload --port 8000',
        8000,
      ],
      [
        'Flask with uv',
        {
          tool: 'uv',
          dependencies: new Set(['flask']),
          programs: [{ file: 'app.py', app: { framework: 'flask', variable: 'app' }, runs: true }],
        },
        'uv run python -m flask --app app:app run --port 5000',
        5000,
      ],
      [
        'a project script that serves',
        { scripts: { 'shop-server': 'shop.cli:main', 'shop-report': 'shop.cli:report' } },
        "python -c 'import sys; from shop.cli import main; sys.exit(main())'",
        undefined,
      ],
    ]
  for (const [name, project, command, port] of cases) {
    test(name, () => {
      const { stack } = made({ python: [{ ...noPython, ...project }] })
      const services = Object.values(stack.services)
      assert.deepEqual(
        services.map(service => [service.command, service.port]),
        [[command, port]],
      )
    })
  }

  test('its venv and requirements are asked for, unless uv or poetry look after them', () => {
    const of = (more: Partial<PythonProject>) =>
      made({ python: [{ ...noPython, djangoManage: true, ...more }] }).stack.environment.python
    const requirements = ['requirements.txt']
    assert.deepEqual(of({ requirements, version: '>=3.10,<4', venv: '.venv' }), {
      version: '>=3.10,<4',
      venv: '.venv',
      requirements,
      optional: false,
    })
    assert.equal(of({ tool: 'poetry' }), undefined)
  })
})

test('nothing to start is no draft', () => {
  assert.equal(draft({ folderName: 'x', packages: [packageWith({ build: 'x' })], python: [] }), undefined)
})

/** The stack file that init writes, and what `up` reads in it: it must have no mistake. */
function made(found: Partial<Found>) {
  const drafted = draft({ folderName: 'project', packages: [], python: [], ...found })
  assert.ok(drafted)
  const text = write(drafted, { project: '', schema: 'stack.schema.json' })
  const stack = stackSchema.parse(parse(text))
  assert.deepEqual(crossCheck(stack), [])
  return { stack, text }
}

function packageWith(scripts: Package['scripts'], more: Partial<Package> = {}): Package {
  return { dir: '.', manager: 'npm', scripts, lasting: new Set(), needPort: new Set(), ...more }
}

const noPython: PythonProject = {
  dir: '.',
  requirements: [],
  dependencies: new Set(),
  scripts: {},
  src: false,
  djangoManage: false,
  programs: [],
}
