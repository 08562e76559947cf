import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recorderCommand } from './recorder.ts'

test('arecord comes first, then rec, then sox; each is told the device in its own way', () => {
  const among = (...installed: string[]) => recorderCommand('dev0', program => installed.includes(program))
  assert.deepEqual(among('sox', 'rec', 'arecord')?.args.slice(-2), ['-D', 'dev0'])
  const rec = among('sox', 'rec')
  assert.equal(rec?.program, 'rec')
  assert.deepEqual(rec?.env, { AUDIODEV: 'dev0' })
  assert.deepEqual(among('sox')?.args.slice(0, 2), ['-q', '-d'])
  assert.equal(among(), undefined)
})

test('without a device the default one is used', () => {
  const command = recorderCommand(undefined, () => true)
  assert.deepEqual(command?.args, ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', '24000', '-c', '1'])
})
