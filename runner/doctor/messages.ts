// More than 300 lines: it is the one table of all findings, and each is a few words.
import type { Problem } from '../../lib/problem.ts'
import { memory } from '../console/units.ts'
import type { Check, Group } from './check.ts'

const ok = (group: Group, id: string, found: string): Check => ({ id, group, state: 'ok', found })
const skip = (group: Group, id: string, found: string): Check => ({ id, group, state: 'skip', found })
const warn = (group: Group, id: string, found: string, mend: string): Check => ({
  id,
  group,
  state: 'warn',
  found,
  mend,
})
const fail = (group: Group, id: string, found: string, mend?: string): Check => ({
  id,
  group,
  state: 'fail',
  found,
  ...(mend === undefined ? {} : { mend }),
})

/** Every finding of `courante doctor`, with what to do about it. */
export const says = {
  problem: (group: Group, id: string, { what, todo }: Problem): Check => fail(group, id, what, todo),
  closed: (group: Group, id: string, path: string | undefined, code: string): Check =>
    fail(
      group,
      id,
      `${path ?? id} can't be looked at (${code}).`,
      `Mend its permissions: ls -ld ${quoted(path ?? '.')}`,
    ),

  node: (version: string, path: string): Check => ok('program', 'node', `Node ${version}, ${path}`),
  packages: (): Check => ok('program', 'packages', 'the packages are those of the lockfiles'),
  packagesWrong: (folder: string, state: string, names: readonly string[], root: string): Check =>
    fail(
      'program',
      'packages',
      state === 'differs'
        ? `${folder}/node_modules differs from its lockfile: ${some(names)}.`
        : `${folder}/node_modules ${state === 'missing' ? 'is not there' : 'was not finished'}.`,
      // Else setup.sh trusts what it has noted.
      `rm -f ${quoted(`${root}/.runtime/ready`)} && npm run up`,
    ),
  uninstallLeft: (path: string): Check =>
    warn('program', 'packages', `${path} is left of an uninstall that was stopped.`, `rm -r ${quoted(path)}`),
  packagesOfNpm: (): Check =>
    skip('program', 'packages', 'the packages are the business of the project that has installed Courante'),
  noCheckout: (): Check => skip('program', 'git', 'no git checkout, so the key P has nothing to update'),
  noGit: (): Check =>
    warn('program', 'git', 'git is not installed, so the key P can update nothing.', 'Install git.'),
  detached: (dir: string): Check =>
    warn(
      'program',
      'git',
      'no branch is checked out, so the key P has nothing to follow.',
      `git -C ${quoted(dir)} switch main`,
    ),
  noUpstream: (dir: string, branch: string): Check =>
    warn(
      'program',
      'git',
      `the branch ${branch} follows no other one, so the key P has nothing to pull.`,
      `git -C ${quoted(dir)} branch --set-upstream-to origin/${branch}`,
    ),
  changed: (dir: string, files: number): Check =>
    warn(
      'program',
      'git',
      `${counted(files, 'file')} of the checkout ${files === 1 ? 'has' : 'have'} changes, so the key P will not pull.`,
      `See them: git -C ${quoted(dir)} status; put them aside: git -C ${quoted(dir)} stash`,
    ),
  followed: (branch: string, upstream: string): Check =>
    ok('program', 'git', `the branch ${branch} follows ${upstream}, nothing is changed`),

  stackGood: (path: string, services: number): Check =>
    ok('stack', 'stack_file', `${path}: ${counted(services, 'service')}`),
  notRunning: (): Check => ok('stack', 'run', 'not running, and nothing is left of an earlier run'),
  running: (pid: number, ready: number): Check =>
    ok('stack', 'run', `running (supervisor ${pid}), ${counted(ready, 'service')} ready`),
  notReady: (service: string, why: string): Check =>
    fail('stack', 'run', `${service} is not up: ${why}`, `courante logs ${service}`),
  outdated: (where: string): Check =>
    warn(
      'stack',
      'run',
      'the stack file has changed since this run began.',
      `courante down${where} && courante up${where}`,
    ),
  noAnswer: (pid: number, where: string): Check =>
    fail(
      'stack',
      'run',
      `the supervisor (pid ${pid}) lives and does not answer.`,
      `courante down${where}, or: kill ${pid}`,
    ),
  leftovers: (processes: readonly { pid: number; command: string }[], where: string): Check =>
    warn(
      'stack',
      'run',
      `a supervisor was killed${
        processes.length === 0
          ? '.'
          : `, and of its run there still are: ${processes.map(({ pid, command }) => `${command} (pid ${pid})`).join(', ')}.`
      }`,
      `courante up${where}: it ends what is left before it starts`,
    ),
  portFree: (service: string, port: number): Check =>
    ok('stack', 'port', `port ${port} is free for ${service}`),
  portOurs: (service: string, port: number): Check =>
    ok('stack', 'port', `port ${port} is held by ${service}, as it should be`),
  portTaken: (service: string, port: number, who: string): Check =>
    fail(
      'stack',
      'port',
      `port ${port}, which ${service} needs, is in use by ${who}.`,
      `Stop that program, or give ${service} another one in stack.local.yaml: services: { ${service}: { port: ${port + 1} } }`,
    ),
  sockets: (path: string): Check => ok('stack', 'sockets', `sockets go to ${path}`),
  socketsForeign: (path: string): Check =>
    fail(
      'stack',
      'sockets',
      `${path} is not a folder of yours, and the sockets belong there.`,
      `Have it removed: sudo rm -r ${quoted(path)}; or set XDG_RUNTIME_DIR to a folder of yours`,
    ),
  socketsLong: (path: string, bytes: number, most: number): Check =>
    fail(
      'stack',
      'sockets',
      `the path of a socket in ${path} would take ${bytes} bytes, and the system allows ${most}.`,
      'Set XDG_RUNTIME_DIR or TMPDIR to a shorter path.',
    ),
  home: (path: string): Check => ok('stack', 'home', `${path} can be written`),
  homeClosed: (path: string, code: string): Check =>
    fail(
      'stack',
      'home',
      `${path} can't be written (${code}).`,
      `Mend its permissions (ls -ld ${quoted(path)}), or name another folder with --home.`,
    ),
  homeOpen: (path: string, mode: string): Check =>
    warn('stack', 'home', `other users can read ${path} (mode ${mode}).`, `chmod go= ${quoted(path)}`),

  needsStack: (): Check =>
    skip('environment', 'python', 'what the stack needs is looked at when its file is right'),
  noPython: (): Check => skip('environment', 'python', 'the stack needs no Python'),
  venv: (path: string, packages: number): Check =>
    ok(
      'environment',
      'python',
      `${path} has what its requirements ask for${packages === 0 ? '' : ` (${packages} packages)`}`,
    ),
  toInstall: (name: string, why: string, where: string): Check =>
    warn('environment', 'python', `to install: ${name} (${why}).`, `courante up${where}: it asks first`),
  pythonLeftOut: (text: string): Check => ({
    id: 'python',
    group: 'environment',
    state: 'warn',
    ...split(text),
  }),
  program: (name: string, path: string, backend: string | undefined): Check =>
    ok(
      'environment',
      'engine_program',
      backend === undefined
        ? `${name} is ${path}`
        : `${name} is built here (${backends[backend] ?? backend})`,
    ),
  programOld: (name: string, version: string, newer: string, where: string): Check =>
    warn(
      'environment',
      'engine_program',
      `${name} was built from version ${version}, and Courante knows ${newer} by now.`,
      `courante models pull MODEL${where}, with a model that it runs: it asks first, and builds the newer one`,
    ),
  programMissing: (name: string, why: string, where: string): Check =>
    warn(
      'environment',
      'engine_program',
      `${name} is not built (${why}).`,
      `courante up${where}: it asks first`,
    ),
  programImpossible: (text: string): Check => ({
    id: 'engine_program',
    group: 'environment',
    state: 'warn',
    ...split(text),
  }),
  tool: (name: string, why: string): Check => ok('environment', 'tool', `${name} is installed (${why})`),
  toolMissing: ({ what, todo }: Problem, optional: boolean): Check =>
    (optional ? warn : fail)('environment', 'tool', what, todo ?? ''),

  model: (id: string, bytes: number, recorded: boolean): Check =>
    ok('models', 'model', `${id}, ${memory(bytes)}${recorded ? ', as it was verified' : ''}`),
  modelMissing: (id: string, bytes: number, where: string): Check =>
    warn(
      'models',
      'model',
      `${id} is not installed yet (${memory(bytes)}).`,
      `courante up${where}: it asks, then downloads`,
    ),
  modelDamaged: (
    id: string,
    file: string,
    reason: 'absent' | 'size' | 'hash',
    inStack: boolean,
    where: string,
  ): Check =>
    fail(
      'models',
      'model',
      `${id} is damaged: ${file} ${damage[reason]}.`,
      inStack ? `courante up${where}: it asks, then repairs` : `courante models pull ${id}${where}`,
    ),
  modelChanged: (id: string, where: string): Check =>
    warn(
      'models',
      'model',
      `${id} has changed since it was verified, or was copied here.`,
      `courante models verify ${id}${where}`,
    ),
  modelHashed: (id: string, bytes: number): Check =>
    ok('models', 'model', `${id}, ${memory(bytes)}, every byte verified`),
  without: (ids: readonly string[]): Check =>
    skip('models', 'model', `left out, as you wished: ${ids.join(', ')}; courante setup asks for them anew`),
  unknownModel: (name: string): Check =>
    fail(
      'models',
      'model',
      `the stack asks for "${name}", which is not in the catalog.`,
      'courante models ls --all',
    ),
  lockBroken: (path: string, fault: string): Check =>
    warn(
      'models',
      'lock_file',
      `${path} counts as empty: ${fault}.`,
      `courante models verify: it hashes the models and writes it anew`,
    ),
  partials: (
    { folder, resting, bytes }: { folder: string; resting: number; bytes: number },
    where: string,
  ): Check =>
    warn(
      'models',
      'partials',
      `${counted(resting, 'download')} not finished, ${memory(bytes)} in ${folder}`,
      `The same download goes on from there (courante up${where}, or courante models pull ID). To give up on it: rm -r ${quoted(folder)}`,
    ),
  downloading: (owners: readonly number[]): Check =>
    ok('models', 'partials', `a download is going on (pid ${owners.join(', ')})`),
  noPartials: (): Check => ok('models', 'partials', 'no download is left half done'),
  modelsFile: (fault: string): Check =>
    fail('models', 'models_file', fault, 'Mend that line; docs/models.md describes the file.'),
  modelsFileGood: (path: string): Check => ok('models', 'models_file', `${path} is right`),
  noLanguageModel: (): Check => skip('models', 'language_model', 'the stack has no use for a language model'),
  languageModel: (id: string, need: number | undefined): Check =>
    ok(
      'models',
      'language_model',
      `${id} answers where no model is named${need === undefined ? '' : `; it takes about ${memory(need)} of memory`}`,
    ),
  languageModelGone: (id: string): Check =>
    fail('models', 'language_model', `the chosen language model, ${id}, is not here.`, 'courante setup'),
  languageModelNotYet: (id: string): Check =>
    warn(
      'models',
      'language_model',
      `${id} is what should answer where no model is named, and it is not installed.`,
      './courante up: it asks, then downloads. Another one: ./courante setup',
    ),
  languageModelBig: (id: string, need: number, budget: number): Check =>
    warn(
      'models',
      'language_model',
      `${id} takes about ${memory(need)} of memory when it is loaded, and all models together may take ${memory(budget)} here.`,
      'Choose a smaller one: courante setup',
    ),

  memory: (all: number, free: number, cores: number): Check =>
    ok(
      'machine',
      'memory',
      `${memory(all)} of memory, ${memory(free)} of it free; ${counted(cores, 'core')}`,
    ),
  memoryLow: (free: number): Check =>
    warn(
      'machine',
      'memory',
      `${memory(free)} of memory is free.`,
      'See who has it: ps aux --sort=-rss | head',
    ),
  noGpu: (): Check => ok('machine', 'gpu', 'no GPU was found; models run on the processor'),
  gpu: (vendor: string, bytes: number | undefined): Check =>
    ok(
      'machine',
      'gpu',
      `a GPU by ${vendors[vendor] ?? vendor}${bytes === undefined ? '' : `, ${memory(bytes)}`}`,
    ),
  noDriver: (): Check =>
    warn(
      'machine',
      'gpu',
      'an NVIDIA card is here, and no driver answers for it.',
      "Install NVIDIA's driver; nvidia-smi shows whether it works.",
    ),
  gpuRuntime: (kind: string): Check =>
    ok('machine', 'gpu_runtime', `language models run on it, by ${kinds[kind] ?? kind}`),
  gpuBare: (): Check =>
    warn(
      'machine',
      'gpu_runtime',
      'language models stay on the processor: the driver of the NVIDIA card is here, and the libraries that use it are not.',
      "Install CUDA's runtime with cuBLAS, version 12 or 13 (libcudart, libcublas, libcublasLt), or Vulkan (libvulkan.so.1 and the driver's nvidia_icd.json); then courante up",
    ),
  cardOff: (): Check => skip('machine', 'gpu_budget', 'COURANTE_GPU=off: models leave graphics cards alone'),
  cardBudget: (used: number, budget: number): Check =>
    ok(
      'machine',
      'gpu_budget',
      `models may take ${memory(budget)} of the graphics card, and have ${memory(used)}`,
    ),
  offCard: (model: string, since: number, why: string): Check =>
    warn(
      'machine',
      'gpu_budget',
      `${model} runs on the processor since ${new Date(since).toLocaleTimeString('en-GB')} and not on the graphics card: ${why}`,
      `courante models unload ${model}: its next load tries the card again`,
    ),
  gpuRuntimeMissing: (kind: string, bytes: number, where: string): Check =>
    warn(
      'machine',
      'gpu_runtime',
      `language models could run on it with ${kinds[kind] ?? kind}, ${bytes === 0 ? 'which has only to be linked' : `a download of ${memory(bytes)}`}.`,
      `courante up${where}: it asks first`,
    ),
  disk: (path: string, free: number): Check => ok('machine', 'disk', `${memory(free)} free for ${path}`),
  diskLow: (path: string, free: number): Check =>
    warn(
      'machine',
      'disk',
      `${memory(free)} free for ${path}.`,
      `See what takes the room: du -sh ${quoted(path)}/* ; models go with: courante models rm ID`,
    ),
  inotify: (text: string): Check => ok('machine', 'inotify', text),
  inotifyLow: (name: string, have: number, want: number): Check =>
    warn(
      'machine',
      'inotify',
      `the kernel lets a user have ${have.toLocaleString('en')} ${name}; with fewer than ${want.toLocaleString('en')}, file watching fails with ENOSPC.`,
      `sudo sysctl fs.inotify.${name}=${want}`,
    ),
  inotifyUsed: (used: number, most: number): Check =>
    warn(
      'machine',
      'inotify',
      `${used} of your ${most} inotify instances are taken; a watch may fail with EMFILE.`,
      `sudo sysctl fs.inotify.max_user_instances=${most * 4}`,
    ),
  openFiles: (most: number): Check =>
    ok('machine', 'open_files', `a process may have ${most.toLocaleString('en')} files open`),
  openFilesLow: (most: number): Check =>
    warn(
      'machine',
      'open_files',
      `a process may have ${most} files open.`,
      'ulimit -n 4096, before courante up',
    ),
  noTerminal: (): Check => skip('machine', 'terminal', 'this is no terminal'),
  terminal: (term: string, columns: number): Check =>
    ok('machine', 'terminal', `${term}, ${columns} columns, UTF-8`),
  terminalDumb: (term: string): Check =>
    warn(
      'machine',
      'terminal',
      `TERM is "${term}", so the console shows plain lines.`,
      'export TERM=xterm-256color',
    ),
  terminalNarrow: (columns: number): Check =>
    warn(
      'machine',
      'terminal',
      `the terminal has ${columns} columns; the console wants 80.`,
      'Make the window wider.',
    ),
  terminalAscii: (locale: string): Check =>
    warn(
      'machine',
      'terminal',
      `the locale is ${locale}, so lines and umlauts may show as garbage.`,
      'export LC_ALL=C.UTF-8',
    ),

  offline: (): Check => skip('network', 'network', 'offline, as OFFLINE says: nothing was asked'),
  fastNetwork: (): Check => skip('network', 'network', 'nothing was asked, for speed'),
  nothingMissing: (): Check => skip('network', 'network', 'nothing is missing, so nobody was asked'),
  reached: (id: string, host: string): Check => ok('network', 'source', `${id} can be downloaded (${host})`),
  unreached: (id: string, fault: string): Check =>
    warn(
      'network',
      'source',
      `${id} can't be downloaded: ${fault}`,
      'Look at the connection and the proxy settings, or name a mirror: courante up --mirror URL',
    ),
  late: (id: string, host: string): Check =>
    warn(
      'network',
      'source',
      `${id}: ${host} has not answered within 3 s.`,
      'Look at the connection and the proxy settings, or name a mirror: courante up --mirror URL',
    ),
  proxy: (name: string, value: string): Check => ok('network', 'proxy', `${name}=${value}`),
  proxyBad: (name: string): Check =>
    fail('network', 'proxy', `${name} is no URL.`, `export ${name}=http://HOST:PORT`),
}

const backends: Readonly<Record<string, string>> = {
  cuda: 'with CUDA',
  vulkan: 'with Vulkan',
  metal: 'with Metal',
  cpu: 'for the processor',
}

const damage = {
  absent: 'is not there',
  size: 'has another size than it should have',
  hash: 'has another content than it should have',
}

const vendors: Readonly<Record<string, string>> = {
  nvidia: 'NVIDIA',
  amd: 'AMD',
  intel: 'Intel',
  apple: 'Apple',
}

const kinds: Readonly<Record<string, string>> = { cuda: 'CUDA', vulkan: 'Vulkan' }

export const frame = {
  title: (dir: string): string => `Courante in ${dir}`,
  groups: {
    program: 'Node and packages',
    stack: 'The stack',
    environment: 'Python and tools',
    models: 'Models',
    machine: 'This machine',
    network: 'Network',
  } satisfies Record<Group, string>,
  marks: { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skip: '-   ' } satisfies Record<Check['state'], string>,
  well: (warnings: number): string =>
    warnings === 0 ? 'All is well.' : `Nothing is broken; ${counted(warnings, 'warning')}.`,
  broken: (failures: number, warnings: number): string =>
    `${counted(failures, 'thing')} ${failures === 1 ? 'is' : 'are'} broken${warnings === 0 ? '' : `; ${counted(warnings, 'warning')}`}.`,
}

/** A notice of the installer holds both, in two lines. */
function split(text: string): { found: string; mend?: string } {
  const [found = '', mend] = text.split('\n  → ')
  return mend === undefined ? { found } : { found, mend }
}

function some(names: readonly string[]): string {
  return `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
}

function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`
}

/** For a shell. */
function quoted(path: string): string {
  return /^[\w./~-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
