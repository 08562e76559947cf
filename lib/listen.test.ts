import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListen } from './listen.ts'

test('addresses, names, ports and a proxy’s origin are told apart', () => {
  for (const [text, expected] of [
    ['0.0.0.0', { type: 'address', host: '0.0.0.0' }],
    ['192.168.1.5:8080', { type: 'address', host: '192.168.1.5', port: 8080 }],
    ['::', { type: 'address', host: '::' }],
    ['[::]', { type: 'address', host: '::' }],
    ['[::]:8080', { type: 'address', host: '::', port: 8080 }],
    ['fd00::1', { type: 'address', host: 'fd00::1' }],
    ['fd00::1:8080', { type: 'address', host: 'fd00::1:8080' }],
    ['box', { type: 'address', host: 'box' }],
    ['box.lan:1', { type: 'address', host: 'box.lan', port: 1 }],
    ['https://chat.example.com', { type: 'proxy', origin: 'https://chat.example.com' }],
    ['https://Chat.Example.com:8443/', { type: 'proxy', origin: 'https://chat.example.com:8443' }],
  ] as const)
    assert.deepEqual(parseListen(text), expected, text)
})

test('what is no address is refused', () => {
  for (const text of [
    '',
    ' ',
    ':8080',
    '1.2.3',
    '300.1.1.1',
    '1234',
    '0.0.0.0:0',
    '0.0.0.0:65536',
    '0.0.0.0:x',
    '[1.2.3.4]:80',
    '[::',
    '::]:80',
    'a b',
    'a/b',
    'a_b',
    '-a',
    '*',
    'http://box',
    'https://box/path',
    'https://user@box',
    'https://box?x',
    'https://',
  ])
    assert.equal(parseListen(text), undefined, text)
})
