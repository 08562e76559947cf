import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { hasProgram } from '../support/programs.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not installed'

test(
  'random kills under a flood leave nothing behind, lose no line, and the next up is clean',
  { skip },
  async () => {
    const program = join(import.meta.dirname, 'console.ts')
    const { exitCode, all } = await execa(process.execPath, [program, '8', '1493'], {
      reject: false,
      all: true,
    })
    assert.equal(exitCode, 0, all)
  },
)
