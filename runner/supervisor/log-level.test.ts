import assert from 'node:assert/strict'
import { test } from 'node:test'
import { levelOf, type Level } from './log-level.ts'

const cases: readonly [string, Level | undefined][] = [
  ['ERROR something broke', 'error'],
  ['2026-11-20 23:31:04.120 ERROR [main] c.x.Y - no', 'error'],
  ['2026-11-20T23:31:04Z  WARN mycrate::x: slow', 'warn'],
  ['[2026-11-20T23:31:04Z DEBUG mycrate] x', 'debug'],
  ['[warn] deprecated', 'warn'],
  ['[12:00:01] [INFO] started', 'info'],
  ['(node) <error> x', 'error'],
  ['12:00:01.123 [http-1] TRACE x', 'debug'],
  ['{"level":30,"time":1531171074631,"msg":"hi"}', 'info'],
  ['{"level":50,"msg":"hi"}', 'error'],
  ['{"time":1,"level": 20}', 'debug'],
  ['{"ts":1,"level":"warn","msg":"ERROR in words"}', 'warn'],
  ['{"severity":"CRITICAL","message":"x"}', 'error'],
  ['time=2026-11-20T23:31:04Z level=error msg="x"', 'error'],
  ['ts=1 lvl=dbug level=debug', 'debug'],
  ['E/AndroidRuntime( 123): x', 'error'],
  ['11-20 23:31:04.120 W/Tag: x', 'warn'],
  ['I1120 23:31:04.120 1 server.go:1] x', 'info'],
  ['WARNING:root:look out', 'warn'],
  ['WARNING: look out', 'warn'],
  ['INFO:     127.0.0.1:5000 - "GET / HTTP/1.1" 200 OK', 'info'],
  ['2026-11-20 23:31:04,120 - root - WARNING - look out', 'warn'],
  ['error: could not compile', 'error'],
  ['error during build:', 'error'],
  ['npm error code ENOENT', 'error'],
  ['npm warn deprecated x', 'warn'],
  ['warn  - slow', 'warn'],
  ['✖ error no', 'error'],
  ['10:01:02 info ready', 'info'],
  ['TypeError: x is not a function', 'error'],
  ['ValueError: bad', 'error'],
  ['java.io.IOException: gone', 'error'],
  ['Error [ERR_X]: gone', 'error'],
  ['Traceback (most recent call last):', 'error'],
  ["thread 'main' panicked at src/main.rs:1:1", 'error'],
  ['panic: runtime error', 'error'],
  ['E, [2026-11-20T23:31:04 #1] ERROR -- : x', 'error'],
  ['', undefined],
  ['listening on http://127.0.0.1:8080', undefined],
  ['GET /ERROR/page 200', undefined],
  ['GET /logs?level=all 200', undefined],
  ['0 errors, 2 warnings', undefined],
  ['log in to continue', undefined],
  ['    at run (file.ts:1:2)', undefined],
  ['no-ERROR-here', undefined],
  ['loaded infoserver', undefined],
]

test('the level of a line, in the usual formats', () => {
  for (const [text, level] of cases) assert.equal(levelOf(text), level, text)
})

test('a long line costs no more than a short one', () => {
  assert.equal(levelOf('x '.repeat(1_000_000)), undefined)
})
