/** All that `courante models` says: one table, and therefore long. */
import { exit } from '../../lib/exit.ts'
import { plainLines } from '../../lib/plain.ts'
import type { Problem } from '../../lib/problem.ts'
import type { KnownModel } from '../../models/inventory.ts'
import type { NeededProgram } from './needed-program.ts'

const failed = (code: string, what: string, todo: string): Problem => ({
  code,
  what,
  todo,
  exit: exit.failed,
})
const wrong = (code: string, what: string, todo: string): Problem => ({ code, what, todo, exit: exit.usage })

/** Every sentence about a failure that `courante models` can print. `where`: the --stack and --home that were given. */
export const problems = {
  unknownModel: (id: string, like: readonly string[], where: string): Problem =>
    wrong(
      'unknown_model',
      `there is no model "${id}".`,
      like.length === 0
        ? `All of them: courante models ls --all${where}`
        : `Perhaps one of these: ${like.slice(0, 8).join(', ')}`,
    ),
  notInstalled: ({ id, origin, missing }: KnownModel, canPull: boolean, where: string): Problem =>
    failed(
      'not_installed',
      `${id} is not installed.`,
      origin === 'catalog' || canPull
        ? `Get it first: courante models pull ${id}${where}`
        : `Bring its file back: ${missing.join(', ')}`,
    ),
  notInCatalog: (id: string, where: string): Problem =>
    wrong(
      'not_in_catalog',
      `${id} is no model of the catalog, so there is nothing to pull.`,
      `Your own are added: courante models add FILE|URL|REPOSITORY${where}`,
    ),
  partOnly: (id: string): Problem =>
    wrong('part_only', `${id} works inside of other models and is not used by itself.`, 'Name one of those.'),
  noFamily: (id: string, file: string): Problem =>
    failed(
      'no_family',
      `nobody can tell what kind of model ${id} is.`,
      `Add ${family} to its entry in ${file}.`,
    ),
  coreNotRunning: (home: string, where: string): Problem => ({
    code: 'not_running',
    what: `core is not running for ${home}, and only it loads models.`,
    todo: `Start it: courante up${where}. It then loads each model that is asked for.`,
    exit: exit.notRunning,
  }),
  coreEnded: (id: string): Problem =>
    failed('core_ended', `core ended before it had answered about ${id}.`, 'courante logs core tells why.'),
  fromCore: (error: { code: string; message: string; todo?: string | undefined }): Problem => ({
    code: error.code,
    what: error.message,
    ...(error.todo === undefined ? {} : { todo: error.todo }),
    exit: exit.failed,
  }),
  cannotAsk: (plan: string): Problem => ({
    code: 'cannot_ask',
    what: `there is nobody to ask, so nothing was done.\n${plan.trim()}`,
    todo: 'Agree to it with --yes, or run this in a terminal.',
    exit: exit.usage,
  }),
  declined: (): Problem => ({
    code: 'declined',
    what: 'nothing was changed.',
    exit: exit.declined,
  }),
  shipped: (id: string): Problem =>
    wrong('shipped', `${id} comes with Courante itself.`, 'There is nothing to remove.'),
  foreign: (id: string, program: string, path: string): Problem =>
    wrong(
      'foreign',
      `${id} belongs to ${program}, and its files are never touched from here.`,
      `Remove it there: ${path}`,
    ),
  resident: (id: string, where: string): Problem =>
    failed('resident', `${id} is loaded.`, `Unload it first: courante models unload ${id}${where}`),
  noFile: (path: string, code: string): Problem =>
    wrong(
      'no_file',
      code === 'ENOENT' ? `there is no file ${path}.` : `${path} can't be read (${code}).`,
      'Give a file or a folder that you may read, or a URL with https:// before it.',
    ),
  noModel: (path: string, reason: string): Problem =>
    wrong(
      'no_model',
      `${path} can't be added: ${reasons[reason] ?? reason}.`,
      reason === 'projector' ? seeing : addable,
    ),
  notSpeechFolder: (path: string): Problem =>
    wrong(
      'no_model',
      `${path} lacks what sherpa-onnx needs: tokens.txt beside the .onnx files; for speech that is made, espeak-ng-data, too.`,
      'Unpack the whole archive of the model. Files of other names go into models.yaml by hand: docs/models.md, `files`.',
    ),
  otherKind: (path: string, its: string, asked: string): Problem =>
    wrong(
      'other_kind',
      `${path} is a model of the kind ${its}, not ${asked}.`,
      'Leave --kind away, or give another file.',
    ),
  noEyes: (path: string): Problem =>
    wrong(
      'no_eyes',
      `${path} is not what lets a model see.`,
      '--vision takes the GGUF file that lies beside the model, mostly with mmproj in its name.',
    ),
  badVision: (value: string): Problem =>
    wrong(
      'bad_vision',
      `of an endpoint, nobody here needs the file "${value}".`,
      'Say --vision yes if it takes pictures.',
    ),
  onlyForKind: (option: string, its: string, kind: string): Problem =>
    wrong(
      'only_for_kind',
      `${option} is about models of the kind ${its}, and this is one of the kind ${kind}.`,
      'Leave it away, or say another --kind.',
    ),
  onlyForPython: (): Problem =>
    wrong(
      'only_for_python',
      '--file ROLE=PATH is about programs in Python.',
      'Leave it away; other files go into models.yaml: docs/models.md.',
    ),
  onlyForModels: (option: string): Problem =>
    wrong(
      'only_for_models',
      `${option} is not about programs in Python, which say themselves what they can do.`,
      'Leave it away; other files are given with --file ROLE=PATH.',
    ),
  kindMissing: (path: string): Problem =>
    wrong(
      'kind_missing',
      `nobody knows what ${path} does before it runs.`,
      'Say it: --kind llm, embedding, rerank, stt, tts or image.',
    ),
  badScript: (path: string, fault: string): Problem =>
    wrong(
      'bad_script',
      `what ${path} says about its needs can't be used: ${fault}.`,
      'Correct the block "# /// script" at its top: docs/python-engines.md.',
    ),
  badRole: (given: string): Problem =>
    wrong(
      'bad_role',
      `--file takes ROLE=PATH, and not "${given}".`,
      'Such as: --file model=FOLDER. The program says which roles it knows.',
    ),
  otherPython: (path: string, range: string, version: string): Problem =>
    failed(
      'other_python',
      `${path} needs Python ${range}, and the one of this stack is ${version}.`,
      'Name another range as `environment: python: version` in the stack file, or another program.',
    ),
  badChoice: (option: string, value: string, known: readonly string[]): Problem =>
    wrong(
      'bad_choice',
      `${option} takes ${known.join(', ')}, and not "${value}".`,
      'Give one of them, or leave it away.',
    ),
  downloadNoModel: (url: string, reason: string): Problem =>
    failed(
      'no_model',
      `what ${url} sent is no model that can be added: ${reasons[reason] ?? reason}; nothing was kept.`,
      'Open the address in a browser to see what is there.',
    ),
  badUrl: (url: string): Problem =>
    wrong(
      'bad_url',
      `${url} is neither a model's file nor an OpenAI-compatible endpoint.`,
      'An endpoint ends in /v1, such as http://localhost:8080/v1; a file in .gguf, .bin or .safetensors; a repository on Hugging Face is hf:ORG/NAME; --api says that it is another interface.',
    ),
  idTaken: (id: string, where: string): Problem =>
    wrong(
      'id_taken',
      `there is a model "${id}" already.`,
      `Choose another name with --id, or see it: courante models show ${id}${where}`,
    ),
  badId: (id: string): Problem =>
    wrong(
      'bad_id',
      `"${id}" can't be an id.`,
      'Letters, digits, dots, dashes and underscores; a letter or digit first.',
    ),
  badLanguage: (value: string): Problem =>
    wrong(
      'bad_language',
      `"${plainLines(value)}" is no code of a language.`,
      'Such as: --language en, --language de, --language auto',
    ),
  emptyOption: (option: string): Problem => wrong('empty_option', `${option} is empty.`, 'Leave it away.'),
  badKeyEnv: (): Problem =>
    wrong(
      'bad_key_env',
      'a key is given by the name of the environment variable that holds it, and never itself.',
      'Such as: --key-env OPENAI_API_KEY',
    ),
  onlyForEndpoint: (option: string): Problem =>
    wrong('only_for_endpoint', `${option} is about an endpoint, and this is a file.`, 'Leave it away.'),
  nameMissing: (url: string, names: readonly string[], detail: string): Problem =>
    wrong(
      'name_missing',
      names.length === 0
        ? `${url} does not say which models it has (${detail}).`
        : `${url} has several models.`,
      names.length === 0
        ? "Give the model's name there: --name NAME"
        : `Say which with --name: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ' …' : ''}`,
    ),
  noHead: (url: string, detail: string): Problem =>
    failed(
      'unreachable',
      `${new URL(url).host} does not say what lies at ${url} (${detail}).`,
      'Check the address and the network, or download the file yourself and add it as a file.',
    ),
  noRepo: (repo: string, detail: string): Problem =>
    failed(
      'unreachable',
      `Hugging Face does not say what is in ${repo} (${detail}).`,
      'Check the name and the network, or give the address of a .gguf file.',
    ),
  noGgufThere: (repo: string): Problem =>
    wrong(
      'no_gguf',
      `${repo} has no GGUF model.`,
      'Look for a repository whose name ends in GGUF; others convert what was published in other forms.',
    ),
  notInRepo: (repo: string, which: string, list: readonly string[]): Problem =>
    wrong(
      'not_in_repo',
      `${repo} has no GGUF model "${which}", and these:\n${indented(list)}`,
      'Name one of them behind a colon, by its file or by what is special in its name.',
    ),
  severalInRepo: (repo: string, path: string, list: readonly string[]): Problem =>
    wrong(
      'several_in_repo',
      `${repo} has several GGUF models:\n${indented(list)}`,
      `Say which: courante models add hf:${repo}:${path}`,
    ),
  noSize: (url: string): Problem =>
    failed(
      'no_size',
      `the server does not say how big ${url} is, so nobody can agree to download it.`,
      'Download it yourself and add it as a file.',
    ),
  notRemoved: (path: string, code: string): Problem =>
    failed(
      'not_removed',
      `${path} can't be removed (${code}).`,
      'Mend its permissions and run the command again.',
    ),
}

/** Of sherpa-onnx's models that hear; Whisper's are told by their files. */
const family = 'settings: { family: parakeet } (or zipformer)'

function indented(lines: readonly string[]): string {
  return lines.map(line => `  ${line}`).join('\n')
}

const addable =
  'What can be: GGUF files, files of whisper.cpp (ggml-….bin), folders for sherpa-onnx, checkpoints of Stable Diffusion, programs in Python (.py).'
const seeing = 'It lets another model see: add that one, with --vision and this file.'

const reasons: Readonly<Record<string, string>> = {
  unknown: 'it is of no kind that is known here',
  empty: 'it is empty',
  unreadable: 'it can not be read',
  projector: 'it is no model by itself',
  not_gguf: 'it does not begin as a GGUF file',
  truncated: 'it is cut off',
  version: 'its version is unknown',
  big_endian: 'its numbers are big-endian',
  hostile: 'its header is broken',
  no_painter:
    'of safetensors, only whole checkpoints that paint can be used, and this is none; others come as GGUF',
}

const states: Readonly<Record<string, string>> = {
  loading: 'loading',
  ready: 'ready',
  unloading: 'unloading',
  backoff: 'failed, is tried again',
}

/** What the subcommands tell besides failures. */
export const words = {
  note: (text: string): string => `note: ${plainLines(text)}\n`,
  state: (state: string, progress?: number): string =>
    `${states[state] ?? state}${state === 'loading' && progress !== undefined ? ` ${Math.floor(progress * 100)} %` : ''}`,
  pinned: 'pinned',
  absent: 'files missing',
  columns: ['', 'id', 'kind', 'size', 'licence', 'state', 'memory'],
  catalogColumns: ['id', 'kind', 'download', 'licence', 'what it is'],
  psColumns: ['id', 'kind', 'state', 'memory', 'estimated', 'GPU', 'idle', 'in flight', 'waiting', 'pid'],
  about: (bytes: string): string => `≈ ${bytes}`,
  remote: 'elsewhere',
  star: '* is used where a request names no model of that kind.',
  canPull: (count: number, where: string): string =>
    `${count} more can be pulled: courante models ls --all${where}`,
  toPull: (where: string): string => `To be pulled (courante models pull ID${where}):`,
  noneResident: (where: string): string =>
    `No model is loaded. Core loads each that is asked for; by hand: courante models load ID${where}`,
  budget: (device: string, used: string, budget: string): string =>
    `${device === 'gpu' ? 'graphics card' : device}: ${used} of ${budget} reserved`,
  onCard: 'on the graphics card',
  onProcessor: 'on the processor',
  sinceFailed: (time: string, why: string): string => `for ${time}, and not on the graphics card: ${why}`,
  offCard: (id: string, time: string, why: string): string =>
    `${id} is on the processor (for ${time}) and not on the graphics card: ${why}`,
  queue: (name: string, working: number, waiting: number): string =>
    `${name}: ${working} at work, ${waiting} waiting`,
  origins: {
    shipped: 'comes with Courante',
    catalog: 'the catalog',
    yours: 'added by you',
    ollama: 'Ollama',
    lmstudio: 'LM Studio',
    huggingface: 'the cache of Hugging Face',
  },
  programs: { ollama: 'Ollama', lmstudio: 'LM Studio', huggingface: "Hugging Face's programs" },
  partOfOthers: 'none; it is a part of other models',
  isDefault: (kind: string): string => `the default for ${kind}`,
  never: 'never',
  afterIdle: (time: string): string => `after ${time} without work`,
  keyMissing: (name: string): string => `${name}, which is not set here`,
  loading: (id: string, stage: string | undefined, progress: number | undefined): string =>
    stage === 'waiting'
      ? `${id}: waits for memory that others use`
      : `${id}: loading${progress === undefined ? '' : ` ${Math.floor(progress * 100)} %`}`,
  unloading: (id: string): string => `${id}: waits until its work is done`,
  wasLoaded: (id: string): string => `${id} was loaded already.\n`,
  loaded: (id: string, took: string, memory: string): string =>
    `${id} is loaded${memory === '' ? '' : `, ${memory}`} (${took}).\n`,
  unloaded: (id: string, took: string): string => `${id} is unloaded (${took}).\n`,
  andMore: (some: string, more: number): string => `${some} … and ${more} more (--json has all)`,
  stopped: (id: string): string => `${id}: no longer waited for; what core has begun it ends.\n`,
  pinnedNow: (id: string): string => `${id} is pinned: core keeps it loaded.\n`,
  unpinned: (id: string): string => `${id} is not pinned any more.\n`,
  defaultNow: (id: string, kind: string): string => `${id} is now what is used for ${kind}.\n`,
  noDefaults: 'no default',
  pulledAlready: (ids: readonly string[]): string => `installed already: ${ids.join(', ')}\n`,
  pulled: (id: string, kind: string, where: string): string =>
    `${id} is installed. To use it for ${kind} from now on: courante models default ${id}${where}\n`,
  added: (id: string, kind: string, where: string): string =>
    `${id} is added. To use it for ${kind} from now on: courante models default ${id}${where}\n`,
  unreached: (url: string, detail: string): string =>
    `note: ${url} did not answer (${detail}); it is added all the same.\n`,
  noVenv: (packages: readonly string[]): string =>
    `this stack has no Python of its own (environment: python), so nothing was installed. The program needs ${packages.join(', ')}: install that for the python3 that core finds.`,
  needsModel: (id: string, other: string, where: string): string =>
    `${id} needs ${other}, which is not here: courante models pull ${id}${where}`,
  needsFamily: (id: string, file: string): string =>
    `nobody can tell what kind of model ${id} is: add ${family} to its entry in ${file}`,
  familyUnknown: `not told by its files; add ${family}`,
  needsProgram: (id: string, { name, named, canBuild }: NeededProgram, where: string): string =>
    named !== undefined
      ? `${id} needs the program ${named}, and there is none`
      : canBuild
        ? `${id} needs the program ${name}, which is not here. To build it: courante models pull ${id}${where}`
        : `${id} needs the program ${name}, which is not on PATH: docs/engines.md says where it comes from`,
  program: ({ name, path, named, canBuild }: NeededProgram): string =>
    `${name}: ${path ?? (named !== undefined ? `there is no program ${named}` : canBuild ? 'not here; courante models pull builds it' : 'not on PATH')}`,
  seesPictures: 'takes pictures',
  nameUnknownThere: (url: string, name: string): string =>
    `note: ${url} does not list a model "${name}"; it is added all the same.\n`,
  verdict: (id: string, text: string): string => `${id}: ${text}\n`,
  verdicts: {
    present: 'as it came',
    missing: 'not installed',
    unknown: 'not checked, since nobody has said what it has to be',
  },
  damage: {
    absent: (path: string): string => `damaged: ${path} is not there`,
    size: (path: string): string => `damaged: ${path} has another size than it had`,
    hash: (path: string): string => `damaged: the content of ${path} is not what came`,
  },
  mend: (id: string, origin: KnownModel['origin'], where: string): string =>
    origin === 'shipped'
      ? `  → Get ${id} back: git checkout -- models\n`
      : origin === 'catalog'
        ? `  → Get ${id} anew: courante models rm ${id}${where}; courante models pull ${id}${where}\n`
        : `  → Get ${id} anew: courante models rm ${id}${where}, then add it again.\n`,
  kept: (id: string, where: string): string =>
    `note: what was downloaded stays for the next attempt. To remove it: courante models rm ${id}${where}\n`,
  forgotten: (id: string): string => `${id} was not here any more; what was remembered of it is removed.\n`,
  askRemove: 'Remove this?',
  ownModel: 'a model of your choice',
  licenceUnknown: 'licence unknown',
  removeFiles: (id: string, folder: string, bytes: string): string =>
    `The files of ${id} in ${folder} (${bytes}) are deleted.`,
  removeEntry: (id: string, path: string): string => `The entry ${id} of ${path} is removed.`,
  leaves: (path: string): string => `${path} stays where it is.`,
  neededBy: (ids: readonly string[]): string =>
    `${ids.join(', ')} ${ids.length === 1 ? 'needs' : 'need'} it, and can't be loaded without it.`,
  removed: (id: string): string => `${id} is removed.\n`,
  wasDefault: (kind: string, next: string | undefined): string =>
    `For ${kind}, ${next ?? 'nothing'} is used again where nobody names a model.\n`,
  stillChosen: (id: string): string =>
    `${id} is still what answers where nobody names a model; choose another one: courante setup\n`,
  chooseFile: (repo: string): string => `Which of ${repo}? Type to search`,
  inParts: (count: number): string => (count === 1 ? '' : `in ${count} parts`),
  choose: 'Which model? Type to search; Esc ends',
  chooseAction: (id: string): string => `${id}:`,
  actions: {
    default: 'use it where nobody names a model',
    pull: 'download it',
    load: 'load it now',
    unload: 'unload it',
    pin: 'pin it: core keeps it loaded',
    unpin: 'unpin it',
    show: 'tell all about it',
    rm: 'remove it',
    back: 'back',
  },
  notInstalled: 'not installed',
}
