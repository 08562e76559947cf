import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { lastWords } from './last-words.ts'

test("of cmake's output, the block behind the first error is told, and not what follows from it", () => {
  const output = `-- The C compiler identification is GNU 12.2.0
CMake Error at /usr/share/cmake/Modules/CMakeDetermineCXXCompiler.cmake:48 (message):
  Could not find compiler set in environment variable CXX:

  /nowhere/c++.

Call Stack (most recent call first):
  CMakeLists.txt:2 (project)


CMake Error: CMAKE_CXX_COMPILER not set, after EnableLanguage
-- Configuring incomplete, errors occurred!
`
  equal(
    lastWords(output),
    `CMake Error at /usr/share/cmake/Modules/CMakeDetermineCXXCompiler.cmake:48 (message):
  Could not find compiler set in environment variable CXX:
  /nowhere/c++.`,
  )
})

test("of a compiler's output, its errors are told, and not what make says of them", () => {
  const output = `[ 50%] Building CXX object main.cpp.o
main.cpp:1:20: error: 'missing' was not declared
    1 | int main() { return missing; }
gmake[2]: *** [main.cpp.o] Error 1
`
  equal(lastWords(output), "main.cpp:1:20: error: 'missing' was not declared")
  equal(lastWords('one\n\ntwo\n'), 'one\ntwo')
})
