import { suite, test } from 'node:test'
import { hasProgram } from '../support/programs.ts'
import { torture } from './atail.ts'

const steps = Number(process.env['ATAIL_STEPS'] ?? 300)

suite('as GNU tail -F, byte by byte', { skip: !hasProgram('tail') && 'no tail on this machine' }, () => {
  test('through appends, rotations, truncations, deletions and replacements', async t => {
    t.diagnostic(await torture({ seed: 1, steps, links: false }))
  })

  test('and through symbolic links whose targets change', async t => {
    t.diagnostic(await torture({ seed: 2, steps: Math.ceil(steps / 5), links: true }))
  })
})
