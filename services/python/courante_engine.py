"""
Engines in Python: any library as a program that loads one model for Courante and works on requests. One file,
standard library only, Python >= 3.9. An engine:

    from courante_engine import Engine, run

    class Shout(Engine):
        def chat(self, request, job):
            for word in request['messages'][-1]['content'].split():
                yield word.upper() + ' '

    run(Shout())

It never claims a request by itself: core starts it when a model of it is asked for, gives it work, measures
its memory, and ends it when the model goes. docs/python-engines.md says how to use it, and how the two talk.

Core starts this file with the engine's own as its argument, so that what is wrong with that one, such as a
package that is not installed, becomes a failure of the load with words for people, and no crash.
"""

from __future__ import annotations

import array
import base64
import errno
import io
import json
import math
import operator
import os
import queue
import re
import reprlib
import runpy
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import basename, dirname, isdir, isfile, join
from typing import Any, BinaryIO, NamedTuple, NoReturn, Union

__all__ = [
    'Audio', 'BadAudio', 'BadImage', 'BadModel', 'BadRequest', 'BadSettings', 'Cancelled', 'ContextTooLong',
    'Engine', 'Failure', 'Final', 'Job', 'Listener', 'MissingFiles', 'MissingProgram', 'Model', 'NoFfmpeg',
    'NotWritten', 'OutOfMemory', 'Partial', 'Picture', 'Segment', 'Setup', 'Unsupported', 'run', 'sentences',
]  # fmt: skip

Json = dict[str, Any]

CORE_FD = 3
BEAT_S = 1.0
CONNECT_S = 10.0
# No frame may be larger; core takes one that is for nonsense.
MAX_FRAME = 16 * 1024 * 1024
PIECE_S = 0.25
LONGEST_AUDIO_S = 24 * 3600
_BYTES, _JSON = 0, 1


# ---- failures that are expected; core has the words for people


class Failure(Exception):
    """
    Why an engine can't do a job, or not load its model, although it is well itself. Core has words for those
    below; one of another kind is told as a bug, as any exception is.
    """

    _reason = ''

    def __init__(self, *words: object, **facts: Any) -> None:
        super().__init__(*words)
        self.as_json: Json = {'reason': self._reason, **facts}


class Cancelled(Failure):
    """Nobody wants the job's outcome any more. Let it pass."""

    _reason = 'cancelled'


class _BadFrames(Failure):
    _reason = 'bad_frames'


class _NoClient(Failure):
    _reason = 'no_client'


class _BadProgram(Failure):
    _reason = 'bad_program'


class Unsupported(Failure):
    """The engine has no such ability, or not with this model: `embed`, `tools`, `voice de`."""

    _reason = 'unsupported'

    def __init__(self, what: str) -> None:
        super().__init__(what, what=_words(what))


class MissingFiles(Failure):
    _reason = 'missing_files'

    def __init__(self, *files: str) -> None:
        super().__init__(*files, files=[_words(file) for file in files])


class MissingProgram(Failure):
    _reason = 'missing_program'

    def __init__(self, program: str, detail: object) -> None:
        super().__init__(program, program=_words(program), how='install', detail=_words(detail))


class _Detailed(Failure):
    """What is wrong, without a full stop. May be an exception."""

    def __init__(self, detail: object) -> None:
        super().__init__(detail, detail=_words(detail))


class BadModel(_Detailed):
    _reason = 'bad_model'


class BadSettings(_Detailed):
    _reason = 'bad_settings'


class OutOfMemory(_Detailed):
    """Of a load: core makes room and tries once more."""

    _reason = 'out_of_memory'


class BadRequest(_Detailed):
    _reason = 'bad_request'


class ContextTooLong(Failure):
    _reason = 'context_too_long'

    def __init__(self, tokens: int, context: int) -> None:
        super().__init__(tokens, context, tokens=int(tokens), context=int(context))


class BadAudio(Failure):
    _reason = 'bad_audio'
    faults = ('missing', 'empty', 'unknown_format', 'truncated', 'no_audio', 'encoding', 'too_long', 'no_ffmpeg')

    def __init__(self, fault: str) -> None:
        super().__init__(fault, fault=_one_of(self.faults, fault))


class BadImage(Failure):
    _reason = 'bad_image'
    faults = ('missing', 'empty', 'unknown_format', 'too_large', 'unreadable')

    def __init__(self, file: str, fault: str) -> None:
        super().__init__(file, fault, file=_words(file), fault=_one_of(self.faults, fault))


class NotWritten(Failure):
    """A file of the result."""

    _reason = 'not_written'

    def __init__(self, file: str, detail: object) -> None:
        super().__init__(file, detail, file=_words(file), detail=_words(detail))


class NoFfmpeg(Failure):
    _reason = 'no_ffmpeg'

    def __init__(self, format: str) -> None:
        super().__init__(format, format=_words(format))


def _words(said: object) -> str:
    return str(said)[:4000]


def _one_of(names: Sequence[str], name: str) -> str:
    """Raises where the place in the engine is known."""
    if name not in names:
        raise ValueError(f'{name!r} is none of {", ".join(names)}')
    return name


# ---- what an engine gets


@dataclass(frozen=True)
class Model:
    id: str
    # Absolute paths by what they are to the engine, and what models.yaml says under `settings`.
    files: Mapping[str, str]
    settings: Mapping[str, Any]

    def file(self, role: str) -> str:
        """The path of a file that is there."""
        return self._there(role, isfile, 'file')

    def folder(self, role: str) -> str:
        return self._there(role, isdir, 'folder')

    def _there(self, role: str, is_it: Callable[[str], bool], kind: str) -> str:
        path = self.files.get(role)
        if path is None:
            raise BadModel(f'it needs a {kind} as `{role}`; given are: {", ".join(self.files) or "none"}')
        if not os.path.exists(path):
            raise MissingFiles(path)
        if not is_it(path):
            raise BadModel(f'{path} is no {kind}')
        return path


@dataclass(frozen=True)
class Setup:
    # How many threads native code may use, and whether it may use a graphics card.
    threads: int
    gpu: bool
    # To be called with how much of the load is done, from 0 to 1.
    progress: Callable[[float], None]


_COUNTED: dict[str, Callable[[Any], Any]] = {
    'prompt_tokens': operator.index,
    'completion_tokens': lambda count: None if count is None else operator.index(count),
    'finish': lambda finish: _one_of(('stop', 'length', 'tool_calls'), finish),
}


class Job:
    """One request in work."""

    def __init__(self, core: _Core, message: Json) -> None:
        self.id: str = message['job']
        self.request: Json = message['request']
        self.folder: str = message['folder']
        self.out: str = message['out']
        self.socket: str = message['socket']
        # Goes into the result as it is, over what the helpers put there.
        self.result: Json = {}
        # Of a text: what is not told is counted (a piece that the engine yields is taken for a token), or 0.
        self.prompt_tokens = 0
        self.completion_tokens: int | None = None
        self.finish = 'stop'
        self.tool_calls: list[Json] = []
        self.thoughts: list[str] = []
        self._core = core
        self._cancelled = threading.Event()
        self._cut: Callable[[], None] | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        # What nobody could use is an error here, where the place in the engine is known.
        check = _COUNTED.get(name)
        super().__setattr__(name, value if check is None else check(value))

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def check(self) -> None:
        """
        Raises Cancelled when it is time to end. Core kills an engine that goes on for five seconds after that.
        Whatever is yielded, said or read through here checks by itself.
        """
        if self.cancelled:
            raise Cancelled

    def say(self, line: Any) -> None:
        """One line of the job's stream."""
        self.check()
        self._core.tell('line', job=self.id, line=line)

    def think(self, text: str) -> None:
        """The next piece of what the model thinks before it answers."""
        self.thoughts.append(_text(text))
        self.say({'type': 'thought', 'text': text})

    def call_tool(self, name: str, arguments: Json) -> None:
        if len(_text(name)) > 200 or not isinstance(arguments, dict):
            raise ValueError(f'no call of a tool: {reprlib.repr(name)}, {reprlib.repr(arguments)}')
        call = {'id': f'call_{uuid.uuid4().hex[:20]}', 'name': name, 'arguments': arguments}
        json.dumps(call, allow_nan=False)
        self.tool_calls.append(call)

    def step(self, step: int, steps: int, image: int = 1, images: int = 1) -> None:
        """A step of a picture is done."""
        self.say({'type': 'step', 'step': step, 'steps': steps, 'image': image, 'images': images})

    def open(self, name: str) -> BinaryIO:
        """
        A file that came with the request. A client wrote it: it is opened through no link, and nothing but a
        regular file is. Raises OSError.
        """
        fd = os.open(join(self.folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(f'{name} is no regular file')
        return os.fdopen(fd, 'rb')

    def _cancel(self) -> None:
        self._cancelled.set()
        cut = self._cut
        if cut is not None:
            cut()


class Segment(NamedTuple):
    """An utterance: seconds from the start of the recording, and its words."""

    start: float
    end: float
    text: str


class Final(NamedTuple):
    """An utterance is over. Seconds since the start of the stream; without text it was no speech."""

    text: str
    start: float
    end: float


class Partial(NamedTuple):
    """All words so far of the utterance that goes on."""

    text: str
    start: float | None = None


Heard = Union[Partial, Final]


class Listener:
    """Hears one stream of audio. Times go on through `flush` and `clear`."""

    def hear(self, pcm: bytes) -> Iterable[Heard]:
        """Samples: PCM16, little-endian, mono, at the engine's `sample_rate`."""
        raise NotImplementedError

    def flush(self) -> Iterable[Heard]:
        """What was said until now is an utterance, whatever comes next."""
        raise NotImplementedError

    def clear(self) -> None:
        """What was said since the last utterance does not count."""
        raise NotImplementedError


class Picture(NamedTuple):
    png: bytes
    seed: int | None = None


class Engine:
    """
    What an engine may have. A method that it lacks is an ability that it lacks; requests come as
    docs/portal/*.schema.json say, checked.
    """

    # How many requests it works on at once. With 1, all of its methods are called in the main thread; with
    # more, each job has a thread.
    parallel: int = 1
    # Of the audio that it hears, and of what it says.
    sample_rate: int = 16_000
    # Of a speaker; the first is used where neither the request nor the model's settings name one.
    voices: Sequence[str] = ()
    # Of a chat: 'tools', 'format', 'pictures'. A request for what is not here is declined before `chat` sees it.
    can: Iterable[str] = ()
    # The voice for who asks for none.
    _voice = 'default'

    def load(self, model: Model, setup: Setup) -> Mapping[str, Any] | None:
        """Once, before all else. May return facts for people: `{'language': 'en'}`."""

    def gpu_memory(self) -> int:
        """Bytes on the graphics cards. Asked once a second, from another thread."""
        return 0

    def chat(self, request: Json, job: Job) -> Iterable[str] | str:
        """The next message, piece by piece."""
        raise Unsupported('chat')

    def complete(self, request: Json, job: Job) -> Iterable[str] | str:
        """What follows the prompt."""
        raise Unsupported('complete')

    def embed(self, request: Json, job: Job) -> Iterable[Sequence[float]]:
        """A vector for each text of `input`, of any length."""
        raise Unsupported('embed')

    def rerank(self, request: Json, job: Job) -> Iterable[float]:
        """A score from 0 to 1 for each of `documents`."""
        raise Unsupported('rerank')

    def listen(self, job: Job) -> Listener:
        """For sessions; an engine that has it can transcribe recordings, too."""
        raise Unsupported(job.request['kind'])

    def transcribe(self, audio: Audio, job: Job) -> Iterable[Segment]:
        listener = self.listen(job)
        for pcm in audio:
            yield from _segments(job, listener.hear, pcm)
        yield from _segments(job, listener.flush)

    def speak(self, request: Json, job: Job) -> Iterable[bytes | str]:
        """
        Samples: PCM16, little-endian, mono, at `sample_rate`. A str between them is the text of what follows,
        for clients that stream: `for text in sentences(request['text'])` is a way to cut it. `request['voice']`
        is always there.
        """
        raise Unsupported('speak')

    def paint(self, request: Json, job: Job) -> Iterable[Picture | bytes]:
        """PNG files, `count` of them."""
        raise Unsupported('paint')


def _segments(job: Job, method: Callable[..., Any], *args: Any) -> Iterator[Segment]:
    for one in _all_heard(job, method, *args):
        if isinstance(one, Final):
            yield Segment(one.start, one.end, one.text)


def _all_heard(job: Job, method: Callable[..., Any], *args: Any) -> Iterator[Heard]:
    return _each(job, 'Partial or Final', _heard, method, *args)


# ---- what an engine gives


class _Wrong(Exception):
    """What an engine gave, and shows to be wrong only in here: its words have the place of the method."""

    def __init__(self, method: Callable[..., Any], words: str) -> None:
        code = getattr(method, '__code__', None)
        place = '' if code is None else f' ({basename(code.co_filename)}, line {code.co_firstlineno})'
        super().__init__(f'{getattr(method, "__qualname__", "it")} {words}{place}')


def _each(
    job: Job, name: str, make: Callable[[Any], Any], method: Callable[..., Any], *args: Any
) -> Iterator[Any]:
    """
    Each that the method yields or returns, as `make` makes it, with a look at the signal in between. One alone
    counts, too. A generator that is left early is closed. `name`: of such a thing, for people.
    """
    job.check()
    things = method(*args)
    # A recording goes on after a piece in which nothing was heard.
    if things is None and make is _heard:
        return
    if not isinstance(things, Iterator) and _is_one(things, make):
        things = (things,)
    try:
        each = iter(things)
    except TypeError:
        raise _Wrong(method, f'gave {reprlib.repr(things)}, which is no {name}') from None
    try:
        for thing in each:
            job.check()
            try:
                made = make(thing)
            except Exception as error:
                raise _Wrong(method, f'gave {reprlib.repr(thing)}, which is no {name}') from error
            yield made
    finally:
        close = getattr(each, 'close', None)
        if close is not None:
            close()


def _is_one(thing: Any, make: Callable[[Any], Any]) -> bool:
    try:
        make(thing)
    except Exception:
        return False
    return True


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f'{reprlib.repr(text)} is no text')
    return text


def _number(number: Any) -> float:
    if not math.isfinite(number):
        raise ValueError(f'{number} is no number')
    return float(number)


def _unit(vector: Iterable[Any]) -> list[float]:
    numbers = [float(x) for x in vector]
    if not numbers:
        raise ValueError('it is empty')
    length = _number(math.hypot(*numbers)) or 1.0
    # As exact as the 32 bits that models compute with, in half of the bytes.
    return [round(x / length, 9) for x in numbers]


def _segment(segment: Any) -> Segment:
    start, end, text = segment
    return Segment(_number(start), _number(end), _text(text))


def _heard(one: Any) -> Heard:
    if isinstance(one, Partial):
        return Partial(_text(one.text), None if one.start is None else _number(one.start))
    return Final(_text(one.text), _number(one.start), _number(one.end))


def _speech(part: Any) -> str | bytes:
    if isinstance(part, str):
        return part
    samples = memoryview(part)
    # Of a library's array: most have floats, which would be noise.
    if samples.format.lstrip('@=<') not in ('B', 'b', 'c', 'h') or samples.nbytes % 2 == 1:
        raise TypeError
    return samples.tobytes()


def _picture(picture: Any) -> Picture:
    png, seed = picture if isinstance(picture, Picture) else (picture, None)
    png = memoryview(png).tobytes()
    if len(png) < 24 or png[:8] != b'\x89PNG\r\n\x1a\n' or png[12:16] != b'IHDR':
        raise ValueError
    return Picture(png, None if seed is None else int(seed))


# ---- texts


def _write_text(engine: Engine, job: Job) -> Json:
    request, before = job.request, time.monotonic()
    wanted = {
        'tools': bool(request.get('tools')) and request.get('toolChoice') != 'none',
        'format': 'format' in request,
        'pictures': any(message.get('images') for message in request.get('messages', ())),
    }
    for what, is_wanted in wanted.items():
        if is_wanted and what not in engine.can:
            raise Unsupported(what)
    method = engine.chat if request['kind'] == 'chat' else engine.complete
    most = request.get('maxTokens', math.inf)
    ends = _Ends(request.get('stop', ()))
    said: list[str] = []
    count, first, last = 0, before, before

    def say(text: str) -> None:
        if text:
            said.append(text)
            job.say({'type': 'text', 'text': text})

    for piece in _each(job, 'text', _text, method, request, job):
        count, last = count + 1, time.monotonic()
        if count == 1:
            first = last
        text, over = ends.push(piece)
        say(text)
        if over:
            break
        if count >= most:
            job.finish = 'length'
            break
    say(ends.rest)
    tokens = count if job.completion_tokens is None else job.completion_tokens
    timings: Json = {'total': _ms(before)}
    if count > 0:
        timings['firstToken'] = round((first - before) * 1000, 1)
    if tokens > 1 and last > first:
        timings['tokensPerSecond'] = round((tokens - 1) / (last - first), 2)
    body: Json = {
        'text': ''.join(said),
        'finish': 'tool_calls' if job.tool_calls else job.finish,
        'usage': {'promptTokens': job.prompt_tokens, 'cachedTokens': 0, 'completionTokens': tokens},
        'timings': timings,
    }
    if job.thoughts:
        body['thought'] = ''.join(job.thoughts)
    if job.tool_calls:
        body['toolCalls'] = job.tool_calls
    return body


class _Ends:
    """Lets a text through until one of the stop strings comes, which may lie across pieces."""

    def __init__(self, stops: Iterable[str]) -> None:
        self._stops = list(stops)
        # What may be the beginning of one.
        self.rest = ''

    def push(self, piece: str) -> tuple[str, bool]:
        """What may be said, and whether that was the end."""
        held = self.rest + piece
        found = [held.index(stop) for stop in self._stops if stop in held]
        if found:
            self.rest = ''
            return held[: min(found)], True
        begun = [n for stop in self._stops for n in range(1, len(stop)) if held.endswith(stop[:n])]
        cut = len(held) - max(begun, default=0)
        self.rest = held[cut:]
        return held[:cut], False


def _embed(engine: Engine, job: Job) -> Json:
    vectors = list(_each(job, 'vector of numbers', _unit, engine.embed, job.request, job))
    _same(engine.embed, len(vectors), len(job.request['input']))
    return {'embeddings': vectors, 'usage': {'promptTokens': job.prompt_tokens}}


def _rerank(engine: Engine, job: Job) -> Json:
    scores = list(_each(job, 'number', _number, engine.rerank, job.request, job))
    _same(engine.rerank, len(scores), len(job.request['documents']))
    ranking = [{'index': index, 'score': score} for index, score in enumerate(scores)]
    ranking.sort(key=lambda one: -one['score'])
    top = job.request.get('top', len(ranking))
    return {'ranking': ranking[:top], 'usage': {'promptTokens': job.prompt_tokens}}


def _same(method: Callable[..., Any], have: int, wanted: int) -> None:
    if have != wanted:
        raise _Wrong(method, f'gave {have} results for {wanted} texts')


# ---- speech to text


class Audio:
    """
    A recording, or what a session's client says: an iterator over pieces of PCM16, little-endian, mono, at
    `sample_rate`. Once.
    """

    def __init__(self, pieces: Iterator[bytes], rate: int, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        # Of what was read so far.
        self.seconds = 0.0
        self._pieces = pieces
        self._rate = rate
        self._resampler = None if rate == sample_rate else _Resampler(rate, sample_rate)

    def __iter__(self) -> Iterator[bytes]:
        for pcm in self._pieces:
            self.seconds += len(pcm) / 2 / self._rate
            if self.seconds > LONGEST_AUDIO_S:
                raise BadAudio('too_long')
            if self._resampler is not None:
                pcm = self._resampler.push(pcm)
            if pcm:
                yield pcm
        if self._resampler is not None:
            yield self._resampler.flush()

    def read(self) -> bytes:
        """All of it."""
        return b''.join(self)


class _Resampler:
    """Band-limited interpolation: a windowed sinc, eight zero crossings to each side, a filter for each phase."""

    def __init__(self, source: int, target: int) -> None:
        divisor = math.gcd(source, target)
        self._up, self._down = target // divisor, source // divisor
        # Above the lower of the two rates' half there must be nothing left.
        cutoff = min(1.0, target / source) * 0.95
        self._half = math.ceil(8 / cutoff)
        self._phases = [self._filter(phase / self._up, cutoff) for phase in range(self._up)]
        # Samples that are still needed, and where among them the output goes on, in 1/up of a sample.
        self._kept = array.array('h', bytes(2 * self._half))
        self._at = self._half * self._up
        self._odd = b''

    def push(self, pcm: bytes) -> bytes:
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        kept = self._kept
        kept.frombytes(pcm[:whole])
        out = array.array('h')
        up, half, phases = self._up, self._half, self._phases
        at, last = self._at, (len(kept) - half - 1) * up
        while at <= last:
            index, phase = divmod(at, up)
            window = kept[index - half + 1 : index + half + 1]
            value = round(sum(map(operator.mul, window, phases[phase])))
            out.append(-32768 if value < -32768 else 32767 if value > 32767 else value)
            at += self._down
        drop = max(0, at // up - half)
        del kept[:drop]
        self._at = at - drop * up
        return out.tobytes()

    def flush(self) -> bytes:
        return self.push(bytes(2 * self._half))

    def _filter(self, offset: float, cutoff: float) -> list[float]:
        half = self._half
        taps = []
        for n in range(-half + 1, half + 1):
            x = n - offset
            sinc = 1.0 if x == 0 else math.sin(math.pi * x * cutoff) / (math.pi * x * cutoff)
            window = 0.5 + 0.5 * math.cos(math.pi * x / (half + 1))  # Hann's
            taps.append(sinc * window)
        # What does not move stays as it is.
        whole = sum(taps)
        return [tap / whole for tap in taps]


class _Wav(NamedTuple):
    rate: int
    channels: int
    # Of one sample.
    width: int
    is_float: bool
    at: int
    frames: int


def _read_wav_head(file: BinaryIO) -> _Wav | str:
    """
    Microsoft, "Multiple channel audio data and WAVE files". A length that a writer to a pipe could not know (0,
    or near the type's end) means "to the end of the file". Or the fault that it has.
    """
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        return 'empty'
    head = file.read(12)
    if len(head) < 12 or head[:4] != b'RIFF' or head[8:] != b'WAVE':
        return 'not_wav'
    format: tuple[int, int, int, int] | None = None
    at = 12
    for _ in range(1000):
        file.seek(at)
        chunk = file.read(8)
        if len(chunk) < 8:
            break
        name, length = chunk[:4], struct.unpack('<I', chunk[4:])[0]
        body = at + 8
        if name == b'fmt ':
            description = file.read(min(length, 40))
            if length < 16 or len(description) < min(length, 40):
                return 'no_audio'
            code, channels, rate, _, _, bits = struct.unpack('<HHIIHH', description[:16])
            if code == 0xFFFE and len(description) >= 26:  # the real one is the start of the subformat's GUID
                code = struct.unpack('<H', description[24:26])[0]
            if (code, bits) not in {(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64)}:
                return 'encoding'
            if not (1 <= channels <= 64 and 1000 <= rate <= 768_000):
                return 'encoding'
            format = (code, channels, rate, bits // 8)
        elif name == b'data':
            if format is None:
                return 'no_audio'
            left = size - body
            is_open = length >= 0x7FFFF000 or (length == 0 and left > 0)
            if length > left and not is_open:
                return 'truncated'
            code, channels, rate, width = format
            frames = (left if is_open else length) // (channels * width)
            return _Wav(rate, channels, width, code == 3, body, frames)
        at = body + length + length % 2
    return 'no_audio'


def _wav_pieces(file: BinaryIO, wav: _Wav, job: Job) -> Iterator[bytes]:
    file.seek(wav.at)
    step, left = int(wav.rate * PIECE_S), wav.frames
    while left > 0:
        job.check()
        data = file.read(min(step, left) * wav.channels * wav.width)
        # It was longer when it was opened.
        if len(data) < min(step, left) * wav.channels * wav.width:
            raise BadAudio('truncated')
        left -= min(step, left)
        yield _mono(data, wav)


def _mono(data: bytes, wav: _Wav) -> bytes:
    if wav.is_float:
        numbers = array.array('f' if wav.width == 4 else 'd', data)
        # Not a number, and what is over the limits: a float file may hold anything.
        samples = array.array('h', [round(32767 * max(-1.0, min(1.0, x))) if x == x else 0 for x in numbers])
    elif wav.width == 1:  # eight bits are unsigned in this format
        samples = array.array('h', [(x - 128) << 8 for x in data])
    elif wav.width == 2:
        if wav.channels == 1:
            return data
        samples = array.array('h', data)
    else:
        upper = bytearray(len(data) // wav.width * 2)
        upper[0::2] = data[wav.width - 2 :: wav.width]
        upper[1::2] = data[wav.width - 1 :: wav.width]
        samples = array.array('h', bytes(upper))
    if wav.channels > 1:
        channels = [samples[c :: wav.channels] for c in range(wav.channels)]
        samples = array.array('h', [sum(frame) // wav.channels for frame in zip(*channels)])
    return samples.tobytes()


# What may be inside of a file. Playlists are not: they make ffmpeg open whatever a client names.
_FORMATS = (
    'mp3,aac,flac,ogg,mov,matroska,webm,wav,w64,rf64,aiff,caf,au,amr,asf,avi,mpeg,mpegts,'
    'flv,ac3,eac3,ape,wv,tta,opus'
)


def _ffmpeg(args: str, *more: str, **options: Any) -> subprocess.Popen[bytes]:
    # No more of the environment: some of its variables make ffmpeg write files.
    env = {'PATH': os.environ.get('PATH', ''), 'LC_ALL': 'C'}
    words = ['ffmpeg', *f'-nostdin -v error -threads 1 {args}'.split(), *more]
    return subprocess.Popen(words, env=env, stderr=subprocess.PIPE, **options)


def _ffmpeg_pieces(file: BinaryIO, rate: int, unread: str, job: Job) -> Iterator[bytes]:
    """`unread`: what to call a file that it does not read."""
    fd = file.fileno()
    # By its descriptor, so that it is the one that was looked at, whatever its name says by now.
    args = (
        f'-protocol_whitelist file -format_whitelist {_FORMATS} -i file:/dev/fd/{fd} '
        f'-map 0:a:0 -vn -sn -dn -f s16le -ac 1 -ar {rate} pipe:1'
    )
    os.lseek(fd, 0, os.SEEK_SET)
    try:
        program = _ffmpeg(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=(fd,))
    except FileNotFoundError:
        raise BadAudio('no_ffmpeg') from None
    words: list[bytes] = []
    assert program.stdout is not None and program.stderr is not None
    stderr = program.stderr
    listener = threading.Thread(target=lambda: words.append(stderr.read()[-4000:]), daemon=True)
    listener.start()
    some = False
    try:
        while True:
            data = program.stdout.read(int(rate * PIECE_S) * 2)
            if not data:
                break
            job.check()
            some = True
            yield data
        code = program.wait()
        listener.join()
        if code != 0:
            if b'matches no streams' in b''.join(words):
                raise BadAudio('no_audio')
            raise BadAudio('truncated' if some else unread)
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def _transcribe(engine: Engine, job: Job) -> Json:
    before = time.monotonic()
    try:
        file = job.open(job.request['file'])
    except OSError:
        raise BadAudio('missing') from None
    with file:
        wav = _read_wav_head(file)
        if isinstance(wav, _Wav):
            # Said before hours of work, where it is known.
            if wav.frames > LONGEST_AUDIO_S * wav.rate:
                raise BadAudio('too_long')
            audio = Audio(_wav_pieces(file, wav, job), wav.rate, engine.sample_rate)
        elif wav in ('not_wav', 'encoding'):
            unread = 'encoding' if wav == 'encoding' else 'unknown_format'
            pieces = _ffmpeg_pieces(file, engine.sample_rate, unread, job)
            audio = Audio(pieces, engine.sample_rate, engine.sample_rate)
        else:
            raise BadAudio(wav)
        segments = []
        for start, end, text in _each(job, 'Segment(start, end, text)', _segment, engine.transcribe, audio, job):
            if text:
                segments.append({'start': round(start, 3), 'end': round(end, 3), 'text': text})
                job.say({'type': 'segment', **segments[-1]})
        return {
            'text': ' '.join(segment['text'] for segment in segments),
            'segments': segments,
            'audioSeconds': round(audio.seconds, 3),
            'elapsedMs': round(_ms(before)),
        }


class _Session:
    """
    A live session over a Unix socket: one client's audio in (frames of bytes, or of JSON: commit, clear, end),
    what is heard out, until it says `end` or hangs up.
    """

    def __init__(self, engine: Engine, job: Job) -> None:
        self._job = job
        self._listener = engine.listen(job)
        self._rate: int = job.request['sampleRate']
        target = engine.sample_rate
        self._resampler = None if self._rate == target else _Resampler(self._rate, target)
        self._samples = 0
        self._odd = b''
        self._item = ''
        self._partial = ''
        self._utterances = 0

    def run(self) -> Json:
        self._socket = self._connected()
        self._job._cut = lambda: _hang_up(self._socket)
        try:
            self._job.check()
            ended = self._hear()
            self._job.check()
            if ended:
                self._send('ended', **self._summary())
        except OSError:
            # The client's way out; what it has said so far still counts.
            self._job.check()
        finally:
            self._job._cut = None
            self._socket.close()
        return self._summary()

    def _connected(self) -> socket.socket:
        path = self._job.socket
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(path)
            try:
                os.chmod(path, 0o600)
                server.listen(1)
                self._job._core.tell('listening', job=self._job.id)
                until = time.monotonic() + CONNECT_S
                while not select.select([server], [], [], 0.1)[0]:
                    self._job.check()
                    if time.monotonic() > until:
                        raise _NoClient
                return server.accept()[0]
            finally:
                try:
                    os.unlink(path)
                except FileNotFoundError:
                    pass  # core has removed it

    def _hear(self) -> bool:
        """Whether the client said that it is done."""
        with self._socket.makefile('rb') as stream:
            while True:
                frame = _read_frame(stream)
                if frame is None:
                    return False
                type, payload = frame
                if type == _BYTES:
                    self._take(payload)
                    continue
                control = _control(payload)
                if control == 'clear':
                    if self._item:
                        self._send('dropped', item=self._item)
                    self._item = self._partial = ''
                    self._listener.clear()
                    continue
                item = self._item or None
                self._tell(self._listener.flush)
                if self._item:
                    self._over('dropped')
                if control == 'end':
                    return True
                self._send('committed', item=item)

    def _take(self, pcm: bytes) -> None:
        pcm = self._odd + pcm
        whole = len(pcm) & ~1
        self._odd = pcm[whole:]
        # Half a second at a time, in whole samples: a large frame may hold minutes.
        step = self._rate // 2 * 2
        for at in range(0, whole, step):
            piece = pcm[at : min(whole, at + step)]
            self._samples += len(piece) // 2
            self._job.check()
            if self._resampler is not None:
                piece = self._resampler.push(piece)
            if piece:
                self._tell(self._listener.hear, piece)

    def _tell(self, method: Callable[..., Any], *args: Any) -> None:
        for one in _all_heard(self._job, method, *args):
            now = self._samples / self._rate
            if isinstance(one, Partial):
                if one.text and one.text != self._partial:
                    self._begin(now if one.start is None else one.start)
                    self._partial = one.text
                    self._send('partial', item=self._item, text=one.text)
                continue
            if not one.text:
                if self._item:
                    self._over('dropped')
                continue
            self._begin(one.start)
            times = {'startMs': round(one.start * 1000), 'endMs': round(one.end * 1000)}
            self._send('speech_stopped', item=self._item, atMs=times['endMs'])
            self._utterances += 1
            self._over('final', text=one.text, **times)

    def _begin(self, at: float) -> None:
        if not self._item:
            self._item = f'item_{uuid.uuid4().hex[:20]}'
            self._send('speech_started', item=self._item, atMs=round(at * 1000))

    def _over(self, type: str, **facts: Any) -> None:
        self._send(type, item=self._item, **facts)
        self._item = self._partial = ''

    def _send(self, type: str, **facts: Any) -> None:
        self._socket.sendall(_frame({'type': type, **facts}))

    def _summary(self) -> Json:
        return {'utterances': self._utterances, 'audioSeconds': round(self._samples / self._rate, 3)}


def _control(payload: bytes) -> str:
    try:
        type = json.loads(payload)['type']
    except (ValueError, LookupError, TypeError):
        raise _BadFrames from None
    if type not in ('commit', 'clear', 'end'):
        raise _BadFrames
    return type


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the client was first


# ---- text to speech


def sentences(text: str) -> list[str]:
    """A text in parts that can be spoken one after the other: sentences, and lines."""
    parts = re.split(r'(?:(?<=[.!?…:;])|(?<=[.!?…:;]["\')\]]))\s+|(?<=[。！？])|\n+', text)
    return [part.strip() for part in parts if part and re.search(r'\w', part)]


class _SpeechFile:
    """Speech that grows on the disk, not in memory."""

    def __init__(self, job: Job, rate: int) -> None:
        self.format: str = job.request['format']
        self.rate = rate
        self.name = {'wav': 'speech.wav', 'pcm16': 'speech.pcm'}.get(self.format, f'speech.{self.format}')
        self.bytes = 0
        self._words: list[bytes] = []
        path = join(job.out, self.name)
        if self.format in ('wav', 'pcm16'):
            self._encoder = None
            self._file: BinaryIO = open(path, 'xb')
            if self.format == 'wav':
                self._file.write(self._head())
            return
        codec = {'mp3': '-c:a libmp3lame -q:a 4 -f mp3', 'opus': '-c:a libopus -b:a 32k -f ogg'}[self.format]
        args = f'-n -f s16le -ar {rate} -ac 1 -i pipe:0 {codec}'
        try:
            self._encoder = _ffmpeg(args, f'file:{path}', stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            raise NoFfmpeg(self.format) from None
        assert self._encoder.stdin is not None
        self._file = self._encoder.stdin

    def write(self, pcm: bytes) -> None:
        try:
            self._file.write(pcm)
        except BrokenPipeError:
            raise NotWritten(self.name, self._complaint()) from None
        self.bytes += len(pcm)

    def finish(self) -> None:
        if self.format == 'wav':
            # The head can tell the length only now.
            self._file.seek(0)
            self._file.write(self._head())
        self._file.close()
        if self._encoder is not None and self._encoder.wait() != 0:
            raise NotWritten(self.name, self._complaint())

    def abandon(self) -> None:
        if self._encoder is not None:
            self._encoder.kill()
            self._encoder.wait()
        try:
            self._file.close()
        except OSError:
            pass  # what the encoder had not taken yet

    def _complaint(self) -> str:
        assert self._encoder is not None and self._encoder.stderr is not None
        return f'ffmpeg: {self._encoder.stderr.read()[-500:].decode(errors="replace").strip()}'

    def _head(self) -> bytes:
        most, length = 0xFFFF_FFFF, self.bytes
        format = struct.pack('<IHHIIHH', 16, 1, 1, self.rate, self.rate * 2, 2, 16)
        sizes = min(most, 36 + length), min(most, length)
        whole, data = (struct.pack('<I', size) for size in sizes)
        return b'RIFF' + whole + b'WAVEfmt ' + format + b'data' + data


def _speak(engine: Engine, job: Job) -> Json:
    request, before = job.request, time.monotonic()
    voice = request.get('voice') or engine._voice
    if engine.voices and voice not in engine.voices:
        raise Unsupported(f'voice {voice}')
    request['voice'] = voice
    rate, stream = engine.sample_rate, request.get('stream', False)
    file = _SpeechFile(job, rate)
    said, first = 0, None
    try:
        for part in _each(job, 'text or PCM16', _speech, engine.speak, request, job):
            if isinstance(part, str):
                said += 1
                if stream:
                    job.say({'type': 'sentence', 'text': part, 'sampleRate': rate})
                continue
            if part and first is None:
                first = _ms(before)
            file.write(part)
            if not stream:
                continue
            if said == 0:
                said = 1
                job.say({'type': 'sentence', 'text': request['text'], 'sampleRate': rate})
            # A second at a time.
            for at in range(0, len(part), rate * 2):
                job.say({'type': 'audio', 'pcm': base64.b64encode(part[at : at + rate * 2]).decode()})
        file.finish()
    except BaseException:
        file.abandon()
        raise
    return {
        'voice': voice,
        'file': file.name,
        'sampleRate': rate,
        'audioSeconds': round(file.bytes / 2 / rate, 3),
        'sentences': max(said, 1),
        'firstAudioMs': round(_ms(before) if first is None else first),
        'elapsedMs': round(_ms(before)),
    }


# ---- pictures


def _paint(engine: Engine, job: Job) -> Json:
    request, before = job.request, time.monotonic()
    images = []
    for png, seed in _each(job, 'PNG file', _picture, engine.paint, request, job):
        width, height = struct.unpack('>II', png[16:24])
        name = f'image-{len(images) + 1}.png'
        with open(join(job.out, name), 'xb') as file:
            file.write(png)
        image: Json = {'file': name, 'width': width, 'height': height}
        images.append(image if seed is None else {**image, 'seed': seed})
    told = ('prompt', 'negativePrompt', 'steps', 'guidance', 'sampler')
    used = {name: request[name] for name in told if name in request}
    return {**used, 'images': images, 'elapsedMs': round(_ms(before))}


# ---- the program around it


def _ms(since: float) -> float:
    return round((time.monotonic() - since) * 1000, 1)


_work: dict[str, Callable[[Engine, Job], Json]] = {
    'chat': _write_text,
    'complete': _write_text,
    'embed': _embed,
    'rerank': _rerank,
    'transcribe': _transcribe,
    'session': lambda engine, job: _Session(engine, job).run(),
    'speak': _speak,
    'paint': _paint,
}

# What an engine may have for it, where that is not the method of its name.
_methods = {'transcribe': ('transcribe', 'listen'), 'session': ('listen',)}


def _answer(engine: Engine, job: Job) -> Json:
    kind = job.request['kind']
    own = [
        getattr(engine, name)
        for name in _methods.get(kind, (kind,))
        if getattr(type(engine), name) is not getattr(Engine, name)
    ]
    # Before a file is opened for it.
    if not own:
        raise Unsupported(kind)
    body = _work[kind](engine, job)
    try:
        json.dumps(job.result, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise _Wrong(own[0], f'left in job.result what is no JSON: {error}') from None
    return {**body, **job.result}


def _frame(message: Json) -> bytes:
    payload = json.dumps(message, allow_nan=False, separators=(',', ':')).encode()
    if len(payload) > MAX_FRAME:
        size = f'{len(payload)} bytes, over the limit of {MAX_FRAME}'
        raise BadRequest(f'its answer has {size}: ask for less at once')
    return struct.pack('<IB', len(payload), _JSON) + payload


def _read_frame(stream: BinaryIO) -> tuple[int, bytes] | None:
    """None: there is no more."""
    head = stream.read(5)
    if len(head) < 5:
        return None
    length, type = struct.unpack('<IB', head)
    if length > MAX_FRAME or type not in (_BYTES, _JSON):
        raise _BadFrames
    payload = stream.read(length)
    return None if len(payload) < length else (type, payload)


class _Core:
    """Core, at the other end of the channel. When it is gone, so is this process, at once."""

    def __init__(self, fd: int) -> None:
        # What an engine starts must not hold it open.
        os.set_inheritable(fd, False)
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(True)
        self._stream = self._socket.makefile('rb')
        self._lock = threading.Lock()

    def tell(self, type: str, **facts: Any) -> None:
        """Waits while core has much to do: who says more than it can take is slowed down."""
        frame = _frame({'type': type, **facts})
        with self._lock:
            try:
                self._socket.sendall(frame)
            except OSError:
                os._exit(0)

    def hear(self) -> Json:
        try:
            frame = _read_frame(self._stream)
        except OSError:
            frame = None
        if frame is None:
            os._exit(0)
        return json.loads(frame[1])


class _Host:
    def __init__(self, core: _Core) -> None:
        self._core = core
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._engine: Engine | None = None
        self._gpu = 0
        # Threads that may use the core from its first message on; the engine's file can take long to be read.
        self._load = core.hear()
        self.program: str = ''

    def start(self, program: str) -> NoReturn:
        """Reads the engine's file, which calls `run`, which does not return."""
        self.program = program
        # Read by native libraries as they are loaded.
        os.environ.setdefault('OMP_NUM_THREADS', str(self._load['threads']))
        for work in (self._listen, self._beat):
            threading.Thread(target=work, daemon=True).start()
        try:
            if not isfile(program):
                raise MissingFiles(program)
            runpy.run_path(program, run_name='__main__')
            raise _BadProgram(program=program, detail='it ends without a call of run(…)')
        except Failure as failure:
            self._load_failed(failure)
        except BaseException as error:
            if not isinstance(error, (MemoryError, ImportError)):
                error = _BadProgram(program=program, detail=_where(error, program))
            self._load_failed(error)

    def serve(self, engine: Engine) -> NoReturn:
        try:
            parallel = self._make_ready(engine)
        except BaseException as error:
            self._load_failed(error)
        try:
            while True:
                job = self._queue.get()
                # Some libraries belong to the thread that has loaded them.
                if parallel == 1:
                    self._run(engine, job)
                else:
                    threading.Thread(target=self._run, args=(engine, job), daemon=True).start()
        except BaseException:
            _give_up()

    def _make_ready(self, engine: Engine) -> int:
        before = time.monotonic()
        load = self._load
        settings = {key: value for key, value in load['model']['settings'].items() if key != 'program'}
        model = Model(load['model']['id'], load['model']['files'], settings)
        setup = Setup(load['threads'], load['gpu'], self._progress)
        facts = engine.load(model, setup) or {}
        if not isinstance(facts, Mapping):
            raise _Wrong(engine.load, f'gave {reprlib.repr(facts)}, which is no dict of facts')
        facts = dict(facts)
        voices = list(engine.voices)
        engine._voice = settings.get('voice') or (voices[0] if voices else 'default')
        if voices:
            if engine._voice not in voices:
                raise BadSettings(f'it has no voice {engine._voice}')
            facts.setdefault('voices', voices)
        # First what it takes, then that it is there.
        self._engine = engine
        self._tell_beat()
        parallel = max(1, int(engine.parallel))
        self._core.tell('loaded', ms=round(_ms(before)), parallel=parallel, facts=_plain(facts))
        return parallel

    def _progress(self, part: float) -> None:
        self._core.tell('loading', progress=max(0.0, min(1.0, float(part))))

    def _load_failed(self, error: BaseException) -> NoReturn:
        self._core.tell('load_failed', failure=_failure_of(error, self.program))
        # Core ends this process by the end of the channel.
        while True:
            signal.pause()

    def _run(self, engine: Engine, job: Job) -> None:
        try:
            job.check()
            body = _answer(engine, job)
            job.check()
            self._core.tell('done', job=job.id, body=body)
        except BaseException as error:
            failure = {'reason': 'cancelled'} if job.cancelled else _failure_of(error, self.program)
            self._core.tell('failed', job=job.id, failure=failure)
        finally:
            with self._lock:
                del self._jobs[job.id]

    def _listen(self) -> None:
        try:
            while True:
                self._take(self._core.hear())
        except BaseException:
            _give_up()

    def _take(self, message: Json) -> None:
        if message['type'] == 'run':
            job = Job(self._core, message)
            with self._lock:
                self._jobs[job.id] = job
            self._queue.put(job)
        elif message['type'] == 'cancel':
            with self._lock:
                job_or_none = self._jobs.get(message['job'])
            if job_or_none is not None:
                job_or_none._cancel()

    def _beat(self) -> None:
        """Native code that holds Python's global lock stops it, and is ended by core in time."""
        while True:
            time.sleep(BEAT_S)
            self._tell_beat()

    def _tell_beat(self) -> None:
        try:
            if self._engine is not None:
                self._gpu = int(self._engine.gpu_memory())
        except BaseException:
            # What it was before still is the best guess; the life of the process does not hang on it.
            traceback.print_exc()
        self._core.tell('beat', memory=_resident(), gpu={'gpu': self._gpu} if self._gpu > 0 else {})


def _give_up() -> NoReturn:
    """Core sees a crash: it has the last words, starts the engine anew, and tries its requests again."""
    traceback.print_exc()
    os._exit(1)


def _plain(facts: Mapping[str, Any]) -> Json:
    """Numbers, texts and lists of texts."""

    def one(value: Any) -> Any:
        if isinstance(value, (list, tuple, set)):
            return [str(part) for part in value]
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)

    return {str(key): one(value) for key, value in facts.items()}


def _resident() -> int:
    """Bytes of memory that this process takes, and those that it has started."""
    try:
        return _resident_of(os.getpid())
    except FileNotFoundError:
        import resource

        # The most that it was, of itself alone; bytes on macOS, where there is no /proc.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _resident_of(pid: int) -> int:
    with open(f'/proc/{pid}/statm', 'rb') as file:
        size = int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    for thread in os.listdir(f'/proc/{pid}/task'):
        try:
            with open(f'/proc/{pid}/task/{thread}/children', 'rb') as file:
                size += sum(_resident_of(int(child)) for child in file.read().split())
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has just ended, or the kernel tells no children
    return size


def _failure_of(error: BaseException, program: str) -> Json:
    """Whatever it is: a request that is never answered would be worse."""
    try:
        failure = _told(error, program)
        json.dumps(failure, allow_nan=False)
        return failure
    except BaseException as other:
        names = f'{type(error).__name__}, and {type(other).__name__} as it was to be told'
        return {'reason': 'internal', 'detail': names}


def _told(error: BaseException, program: str) -> Json:
    if isinstance(error, Failure) and error._reason:
        return error.as_json
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return {'reason': 'no_space'}
    if isinstance(error, MemoryError):
        return {'reason': 'out_of_memory', 'detail': _where(error, program)}
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        # Of a package that is there, a part that is not: that is a fault of the program, or another version.
        package = error.name.partition('.')[0]
        if package not in sys.modules:
            return {'reason': 'missing_package', 'package': package, 'program': program}
    if isinstance(error, ImportError):
        return {'reason': 'bad_program', 'program': program, 'detail': _where(error, program)}
    story = ''.join(traceback.format_exception(type(error), error, error.__traceback__)).strip()[-2500:]
    return {'reason': 'internal', 'detail': '\n'.join([_where(error, program), story, *_Printed.take_last()])}


def _where(error: BaseException, program: str) -> str:
    """`ValueError: no such thing (engine.py, line 12)`: the traceback's last line, and the place in the engine."""
    if isinstance(error, _Wrong):
        return str(error)
    words = ' '.join(''.join(traceback.format_exception_only(type(error), error)).split('\n')[-2:]).strip()
    if isinstance(error, SyntaxError):
        return f'{words} ({basename(error.filename or program)}, line {error.lineno})'.replace('  ', ' ')
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == program] or list(frames)
    place = f' ({basename(own[-1].filename)}, line {own[-1].lineno})' if own else ''
    return f'{words}{place}'[:1000]


class _Printed(io.TextIOWrapper):
    """Where Python prints: unbuffered, and what was last is told together with a bug."""

    _last: deque[str] = deque(maxlen=100)

    def __init__(self, fd: int) -> None:
        raw = open(fd, 'wb', buffering=0, closefd=False)
        super().__init__(raw, encoding='utf-8', errors='backslashreplace', write_through=True)

    def write(self, text: str) -> int:
        self._last.append(text[-1000:])
        return super().write(text)

    @classmethod
    def take_last(cls) -> list[str]:
        lines = [line for line in ''.join(cls._last.copy()).splitlines() if line.strip()]
        cls._last.clear()
        return ['What it printed last:', *(line[:200] for line in lines[-5:])] if lines else []


_host: _Host | None = None


def run(engine: Engine) -> NoReturn:
    """The last line of an engine's file. It does not return."""
    if _host is None:
        sys.exit('This is an engine, which Courante starts by itself: courante models add FILE.py --kind KIND')
    if not isinstance(engine, Engine):
        raise TypeError(f'run takes an engine, such as run(Mine()), and not {reprlib.repr(engine)}')
    _host.serve(engine)


def _main(argv: Sequence[str]) -> NoReturn:
    global _host
    [program] = argv
    # Whatever a library prints goes into the log, and not between the frames.
    os.dup2(2, 1)
    sys.stdout, sys.stderr = _Printed(1), _Printed(2)
    # Core alone decides when it ends. Not "ignore", which what the engine starts would inherit.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    # The engine imports this module, and not a second one of the same file; its own modules lie beside it.
    sys.modules['courante_engine'] = sys.modules['__main__']
    here = dirname(os.path.abspath(__file__))
    sys.path[:] = [dirname(program), *(path for path in sys.path if path != here), here]
    sys.argv = [program]
    _host = _Host(_Core(CORE_FD))
    _host.start(program)


if __name__ == '__main__':
    _main(sys.argv[1:])
