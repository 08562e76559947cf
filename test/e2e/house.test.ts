import assert from 'node:assert/strict'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

/** Who imports whom, and whether it may: ARCHITECTURE.md has the table, .oxlintrc.json the rules. */
const cases: [from: string, to: string, allowed: boolean][] = [
  ['lib/a.ts', 'models/b.ts', false],
  ['models/a.ts', 'lib/b.ts', true],
  ['models/a.ts', 'services/portal/b.ts', false],
  ['services/portal/a.ts', 'services/core/b.ts', false],
  ['services/core/a.ts', 'services/portal/b.ts', true],
  ['services/core/a.ts', 'services/engines/stt/b.ts', false],
  ['services/engines/stt/a.ts', 'services/core/engine.ts', true],
  ['services/engines/stt/a.ts', 'services/core/main.ts', false],
  ['services/voice/a.ts', 'services/core/b.ts', false],
  ['services/voice/a.ts', 'services/portal/b.ts', true],
  ['services/backend/a.ts', 'services/voice/b.ts', true],
  ['services/backend/a.ts', 'services/core/b.ts', false],
  ['runner/commands/a.ts', 'services/portal/b.ts', true],
  ['runner/commands/a.ts', 'services/backend/b.ts', false],
  ['scripts/a.ts', 'runner/b.ts', false],
  ['web/src/a.ts', 'services/voice/protocol.ts', true],
  ['web/src/a.ts', 'services/voice/session.ts', false],
  ['web/src/a.ts', 'lib/b.ts', false],
  ['bench/a.ts', 'services/core/b.ts', true],
]

suite('the import rules of the house', () => {
  for (const [from, to, allowed] of cases) {
    test(`${from} ${allowed ? 'may' : 'may not'} import ${to}`, async () => {
      await using house = await tempDir()
      await cp(join(root, '.oxlintrc.json'), join(house.path, '.oxlintrc.json'))
      const up = dirname(from)
        .split('/')
        .map(() => '..')
        .join('/')
      for (const path of [from, to]) await mkdir(dirname(join(house.path, path)), { recursive: true })
      await writeFile(join(house.path, to), 'export type Thing = string\n')
      await writeFile(
        join(house.path, from),
        `import type { Thing } from '${up}/${to}'\nexport const thing: Thing = 'x'\n`,
      )
      const oxlint = join(root, 'node_modules/.bin/oxlint')
      const { exitCode, stdout } = await execa(oxlint, ['.'], { cwd: house.path, reject: false })
      assert.equal(exitCode, allowed ? 0 : 1, stdout)
      if (!allowed) assert.match(stdout, /no-restricted-imports/)
    })
  }
})
