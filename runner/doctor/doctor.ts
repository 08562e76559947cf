import type { Io } from '../../lib/io.ts'
import { look, type Seen } from '../install/look.ts'
import { type Check, lookFor } from './check.ts'
import { gpuRuntime, python, tools } from './environment.ts'
import { homePrivate, homeWritable } from './home.ts'
import { languageModel } from './language-model.ts'
import { cardBudget, disks, inotify, inotifyUse, memoryAndGpus, openFiles, terminal } from './machine.ts'
import { says } from './messages.ts'
import { modelFiles, models } from './models.ts'
import { proxies, sources } from './network.ts'
import { git, node } from './program.ts'
import { programs } from './programs.ts'
import { packages } from './packages.ts'
import { ports, run, socketFolder, stackFile } from './stack.ts'
import type { Subject } from './subject.ts'

export interface DoctorOptions {
  /** Nothing of the network. */
  readonly fast: boolean
  /** Every byte of the models is read. */
  readonly deep: boolean
}

/** All checks, those that wait side by side. Writes nothing, and comes to its end whatever is broken. */
export async function examine(subject: Subject, { fast, deep }: DoctorOptions, io: Io): Promise<Check[]> {
  const { context, home } = subject
  // One look for several checks. Where it fails, each of them says so: that is what it could not find out.
  const seen = context === undefined ? undefined : look(context.environment, io.env)
  seen?.catch(() => undefined)
  const ofSeen = (use: (seen: Seen) => readonly Check[] | Promise<readonly Check[]>) => async () =>
    seen === undefined ? [] : use(await seen)
  const found = await Promise.all([
    lookFor('program', 'node', () => node(subject)),
    lookFor('program', 'packages', () => packages(subject)),
    lookFor('program', 'git', () => git(subject, io)),
    lookFor('stack', 'stack_file', () => stackFile(subject)),
    lookFor('stack', 'run', () => run(subject)),
    lookFor('stack', 'port', () => ports(subject)),
    lookFor('stack', 'sockets', () => socketFolder(subject)),
    lookFor('stack', 'home', () => [homeWritable(home)]),
    lookFor('stack', 'home', () => homePrivate(home)),
    lookFor(
      'environment',
      'python',
      seen === undefined ? () => [says.needsStack()] : ofSeen(seen => python(seen, subject)),
    ),
    lookFor('environment', 'tool', ofSeen(tools)),
    lookFor(
      'environment',
      'engine_program',
      ofSeen(seen => programs(seen, subject, io)),
    ),
    lookFor(
      'models',
      'model',
      ofSeen(seen => models(seen, subject, deep, io.signal)),
    ),
    lookFor('models', 'models_file', () => modelFiles(subject)),
    lookFor('models', 'language_model', () => (context === undefined ? [] : languageModel(context, io))),
    lookFor('machine', 'memory', () => memoryAndGpus(io.signal)),
    lookFor(
      'machine',
      'gpu_runtime',
      ofSeen(seen => gpuRuntime(seen, subject)),
    ),
    lookFor('machine', 'gpu_budget', () => cardBudget(home, io.env)),
    lookFor('machine', 'disk', () => disks(subject, 1e9)),
    lookFor('machine', 'inotify', () => [...inotify(), ...inotifyUse()]),
    lookFor('machine', 'open_files', openFiles),
    lookFor('machine', 'terminal', () => terminal(io)),
    lookFor(
      'network',
      'network',
      fast ? () => [says.fastNetwork()] : ofSeen(seen => sources(seen, subject, io)),
    ),
    lookFor('network', 'proxy', () => proxies(io.env)),
  ])
  // A closed folder is in the way of several looks, and worth one line.
  const all = found.flat()
  return all.filter((check, at) => all.findIndex(other => other.found === check.found) === at)
}
