/**
 * Node's `http`, without what an `import` of it costs: to name all exports of a built-in module Node reads each of them,
 * and a getter of `http` loads its whole fetch (20 ms, 5 MB). For programs that start often or stay small.
 */
export const http = process.getBuiltinModule('node:http')
