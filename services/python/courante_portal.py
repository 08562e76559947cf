"""
Portals in Python: a client and a worker of the file protocol in docs/portal.md. One file, standard library
only, Python >= 3.9. A service:

    from courante_portal import serve

    serve('var/portals', 'word-count', lambda job: {'words': len(job.open('a.txt').read().split())})

and who asks it:

    result = await Portal('var/portals', 'word-count').request({}, {'a.txt': path})

A request whose submission returned is executed at least once and has exactly one result, through SIGKILL of
any process at any point. What another process watches appears whole, by rename; a claim is a rename, and to
lose one is normal. docs/portal-python.md says how to use it; the order of the steps is what makes it hold.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import hashlib
import heapq
import inspect
import json
import os
import pwd
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import (
    Any,
    AsyncIterator,
    BinaryIO,
    Callable,
    Deque,
    Dict,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Set,
    Tuple,
    Union,
)

__all__ = ['BlockingPortal', 'Job', 'Portal', 'PortalError', 'Result', 'WaitTimeout', 'new_id', 'serve']

Json = Dict[str, Any]
PathLike = Union[str, 'os.PathLike[str]']

MAX_ATTEMPTS = 3
MAX_REQUEST_BYTES = 1024 * 1024
HEARTBEAT_S, LEASE_S = 5.0, 30.0
TOMBSTONE_S, SWEEP_S = 10 * 60.0, 60.0
# The watch is for speed, the rescan for truth: inotify may overflow, and network mounts tell nothing.
RESCAN_S, POLL_S = 2.0, 0.02
DAY_S = 86400.0
# How long what nobody fetches is kept.
KEPT_S = {'prep': 1.5 * DAY_S, 'done': 7 * DAY_S, 'error': 30 * DAY_S, 'dead': 30 * DAY_S}

_MESSAGES = {
    'bad_request': ('{}', 'Correct the request and submit it again.'),
    'cancelled': ('The request was cancelled.', None),
    'deadline': ('The request was not done by its deadline.', 'Submit it again with more time.'),
    'engine_crashed': (
        'The service ended {} times while it worked on this.',
        "See the service's log, then try again.",
    ),
    'internal': (
        'Something in the service failed: {}',
        "This is a bug of the service; its log has more.",
    ),
    'timeout': ('There is no result yet.', 'The job goes on: wait for it again by its id, or cancel it.'),
}


class PortalError(Exception):
    """Why there is no answer: `code` for programs, `message` for people, `todo` what to do."""

    def __init__(
        self, code: str, message: str, todo: Optional[str] = None, retry_after: Optional[float] = None
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.todo = code, message, todo
        self.retry_after = retry_after  # in seconds, where the service is too busy now

    def __str__(self) -> str:
        return f'{self.message} {self.todo}' if self.todo else self.message

    def as_json(self) -> Json:
        body: Json = {'code': str(self.code), 'message': str(self.message)}
        if self.todo:
            body['todo'] = str(self.todo)
        if self.retry_after is not None:
            body['retryAfter'] = float(self.retry_after)
        return body


class WaitTimeout(PortalError, TimeoutError):
    """The wait ended, the job did not."""


def _error(code: str, *facts: Any) -> PortalError:
    message, todo = _MESSAGES[code]
    return (WaitTimeout if code == 'timeout' else PortalError)(code, message.format(*facts), todo)


# ---- names

_ID = re.compile(r'[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z')
_last_id = 0


class Attempt(NamedTuple):
    """A job's place in the queue. The number in the path is the fence: a stale attempt's rename finds
    nothing.
    """

    id: str
    number: int

    @property
    def name(self) -> str:
        return f'{self.id}~{self.number}'


def new_id() -> str:
    """A UUIDv7 (RFC 9562, 5.7): it sorts by its time, and those of one process within a millisecond sort,
    too.
    """
    global _last_id
    _last_id = max(time.time_ns() // 1_000_000, _last_id + 1)
    return uuid_v7(_last_id, os.urandom(10))


def uuid_v7(milliseconds: int, random: bytes) -> str:
    value = int.from_bytes(milliseconds.to_bytes(6, 'big') + random, 'big')
    value = (value & ~(0xF << 76) & ~(0x3 << 62)) | (0x7 << 76) | (0x2 << 62)
    text = f'{value:032x}'
    return '-'.join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def is_id(name: str) -> bool:
    return _ID.match(name) is not None


def parse_attempt(name: str) -> Optional[Attempt]:
    """Reads `<id>~<n>`; a bare `<id>`, as a person writes it, is attempt 1."""
    id, tilde, number = name.partition('~')
    if not is_id(id) or (tilde and not re.match(r'[1-9][0-9]{0,3}\Z', number)):
        return None
    return Attempt(id, int(number) if tilde else 1)


def is_file_name(name: str) -> bool:
    """A plain name, so that no request can point out of its folder."""
    return (
        0 < len(os.fsencode(name)) <= 255
        and not name.startswith('.')
        and not re.search(r'[/\\\x00-\x1f\x7f]', name)
    )


def instance_name(pid: int) -> Optional[str]:
    """The name of a claimer's folder: its pid for people, and a hash of start time and boot id against re-use
    of the pid.
    """
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
            fields = file.read().rpartition(')')[2].split()  # the command's name may hold spaces and brackets
        with open('/proc/sys/kernel/random/boot_id', encoding='ascii') as file:
            boot = file.read().strip()
        if fields[0] in 'ZX':
            return None
        started = fields[19]
    except (FileNotFoundError, ProcessLookupError):
        if sys.platform == 'linux':
            return None
        ps = subprocess.run(
            ['ps', '-o', 'lstart=', '-p', str(pid)], capture_output=True, text=True, check=False
        )
        started, boot = ps.stdout.strip(), ''
        if not started:
            return None
    return f'{pid}-{hashlib.sha256(f"{started} {boot}".encode()).hexdigest()[:12]}'


def instance_lives(name: str) -> bool:
    pid = name.partition('-')[0]
    return pid.isascii() and pid.isdigit() and instance_name(int(pid)) == name


# ---- folders and files


class Folders(NamedTuple):
    """What a client of one service sees. The whole spool lies on one file system."""

    prep: Path
    todo: Path
    live: Path
    done: Path
    error: Path
    cancel: Path

    @classmethod
    def of(cls, spool: PathLike, service: str, user: str) -> Folders:
        base = Path(spool, service, user)
        return cls(*(base / name for name in cls._fields))

    def make(self) -> None:
        for folder in self:
            folder.mkdir(parents=True, exist_ok=True)


def _renamed(source: Path, target: Path) -> bool:
    """False: the source is gone, or the target is taken by a folder with something in it."""
    try:
        os.rename(source, target)
        return True
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            return False
        if error.errno == errno.ENOTDIR and not target.is_dir():
            target.unlink()  # somebody put a file where a job's folder belongs
            return _renamed(source, target)
        raise


def _write_json(path: Path, value: Any) -> None:
    """By rename, so that a reader sees the old text or the new one and never a part."""
    hidden = path.with_name(f'.{path.name}.{os.urandom(4).hex()}')
    with open(hidden, 'x', encoding='utf-8') as file:
        file.write(json.dumps(value, allow_nan=False) + '\n')
    os.rename(hidden, path)


def _read_json(path: Path) -> Any:
    """None: there is no such file."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _names(folder: Path) -> List[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def open_plain(path: PathLike) -> BinaryIO:
    """Opens a regular file through no link, and without ever waiting, as a named pipe would make an ordinary
    open do.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, 'not a regular file', os.fspath(path))
    return os.fdopen(fd, 'rb')


# ---- the watch


class Watch:
    """Tells of names that appear in folders: `changed(tag, name)`, or `changed(None, None)` for "look
    yourself". It sees what happens after `add` has returned. Without inotify `interval` is short, and whoever
    waits looks that often.
    """

    _MASK = 0x02 | 0x80 | 0x100 | 0x0100_0000  # IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_ONLYDIR

    def __init__(self, changed: Callable[[Any, Optional[str]], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self._changed = changed
        self._tags: Dict[int, Any] = {}
        self._fd = -1
        try:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._fd >= 0:
                self.loop.add_reader(self._fd, self._read)
        except (AttributeError, OSError, NotImplementedError):
            self.close()  # not Linux: polling
        self.interval = RESCAN_S if self._fd >= 0 else POLL_S

    def add(self, folder: Path, tag: Any) -> int:
        """Every time anew: the folder may have been replaced. Where nothing changed the kernel gives the same
        handle again.
        """
        if self._fd < 0:
            return -1
        handle: int = self._libc.inotify_add_watch(self._fd, os.fsencode(folder), self._MASK)
        if handle >= 0:
            self._tags[handle] = tag
        elif ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR):
            self.interval = POLL_S  # there are no handles left
        return handle

    def drop(self, handle: int) -> None:
        if self._tags.pop(handle, None) is not None:
            self._libc.inotify_rm_watch(self._fd, handle)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            if not self.loop.is_closed():
                self.loop.remove_reader(fd)
            os.close(fd)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            wd, mask, _, length = struct.unpack_from('iIII', data, at)
            name = data[at + 16 : at + 16 + length].rstrip(b'\0')
            at += 16 + length
            if mask & 0x8000:  # IN_IGNORED: the folder is gone
                self._tags.pop(wd, None)
            elif mask & 0x4000:  # IN_Q_OVERFLOW
                self._changed(None, None)
            elif wd in self._tags:
                self._changed(self._tags[wd], os.fsdecode(name))


async def _nap(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), max(0.0, seconds))
    except asyncio.TimeoutError:
        pass


# ---- the client


@dataclass
class Result:
    """A job's answer: `result['words']` is a field of its result.json. `files` are those that the service
    made.
    """

    id: str
    body: Json
    folder: Path
    files: Dict[str, Path] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.body[key]

    def collect(self, to: Optional[PathLike] = None) -> None:
        """Moves the service's files into the folder `to`, where one is given, and removes the job."""
        for name, path in self.files.items() if to is not None else ():
            target = Path(to or '', name)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.files[name] = Path(shutil.move(os.fspath(path), os.fspath(target)))
        # In one step out of sight: a folder that is half removed is no answer to whoever else looks.
        gone = self.folder.parent.parent / 'prep' / f'{self.id}-collected-{os.urandom(4).hex()}'
        if _renamed(self.folder, gone):
            _remove(gone)


class Portal:
    """Sends requests to one service as one user (this one, unless named)."""

    def __init__(self, spool: PathLike, service: str, user: Optional[str] = None) -> None:
        user = user if user is not None else pwd.getpwuid(os.getuid()).pw_name
        if not is_id(service) or not is_id(user):
            raise _error('bad_request', f'{service}/{user} is not a service and a user')
        self._folders = Folders.of(spool, service, user)
        self._watch: Optional[Watch] = None
        self._waiting: Dict[str, Set[asyncio.Event]] = {}

    async def submit(
        self,
        request: Mapping[str, Any],
        files: Optional[Mapping[str, Union[PathLike, bytes]]] = None,
        id: Optional[str] = None,
        deadline: Optional[float] = None,
    ) -> str:
        """Accepted when it returns, with the job's id. `files`: what travels along, under plain names, as
        bytes or a path that is copied. An `id` of your own makes it safe to submit again: it is one job.
        `deadline`: seconds from now.
        """
        id = new_id() if id is None else id
        if not is_id(id):
            raise _error(
                'bad_request', f'{id!r} is not an id: 1 to 64 of A-Z a-z 0-9 . _ -, and no dot first.'
            )
        body = dict(request)
        if deadline is not None:
            body['deadline'] = time.time() + deadline
        folders = self._folders
        folders.make()
        prep = folders.prep / f'{id}-{os.urandom(4).hex()}'
        prep.mkdir()
        try:
            for name, source in (files or {}).items():
                if not is_file_name(name) or name in ('request.json', 'request.yaml', 'result.json'):
                    raise _error('bad_request', f'{name!r} is no name for a file of a request.')
                if isinstance(source, bytes):
                    _write_new(prep / name, source)
                else:
                    await asyncio.to_thread(_copy_new, source, prep / name)
            _write_new(prep / 'request.json', json.dumps(body, allow_nan=False).encode())
            self._listen()  # armed before the rename that submits, or a fast answer is missed
            if self._finished(id) is None:
                _renamed(prep, folders.todo / Attempt(id, 1).name)  # False: it waits there already
            return id
        finally:
            _remove(prep)

    async def wait(self, id: str, timeout: Optional[float] = None) -> Result:
        """The job's one result, also of a job that another process submitted. Raises `PortalError` if it
        failed, `WaitTimeout` if it is not there in time. The job is collected, unless the service made files:
        then `result.collect(to)` does it.
        """
        until = None if timeout is None else time.monotonic() + timeout
        with self._waker(id) as woken:
            while True:
                woken.clear()
                result = self._read_result(id)
                if result is not None:
                    return result
                left = RESCAN_S if until is None else until - time.monotonic()
                if left <= 0:
                    raise _error('timeout')
                await _nap(woken, min(left, self._listen().interval))

    async def request(
        self,
        request: Mapping[str, Any],
        files: Optional[Mapping[str, Union[PathLike, bytes]]] = None,
        id: Optional[str] = None,
        deadline: Optional[float] = None,
    ) -> Result:
        """Submits and waits."""
        return await self.wait(await self.submit(request, files, id, deadline))

    async def stream(self, id: str) -> AsyncIterator[Any]:
        """What the job says while it runs, line by line; it ends with the job. The result is still to be
        waited for.
        """
        file: Optional[BinaryIO] = None
        live = self._folders.live / id
        rest, handle = b'', -1
        with self._waker(id) as woken:
            try:
                while True:
                    woken.clear()
                    watch = self._listen()
                    handle = watch.add(live, id)
                    # Asked before the read: what was said before the end is read after it.
                    over = self._finished(id)
                    for path in (live, *([over] if over is not None else ())):
                        newer = _open_newer(path / 'stream.ndjson', file)
                        if newer is not None:  # a first one, or that of another attempt, which begins anew
                            file, rest = newer, b''
                    *lines, rest = (rest + (file.read() if file is not None else b'')).split(b'\n')
                    for line in lines:
                        yield json.loads(line)
                    if over is not None:
                        return
                    await _nap(woken, watch.interval)
            finally:
                if file is not None:
                    file.close()
                if self._watch is not None:
                    self._watch.drop(handle)

    async def cancel(self, id: str) -> None:
        """Asks for the end. `wait` still gives the one result: the error `cancelled`, or the work's own if
        that was faster.
        """
        folders = self._folders
        folders.make()
        for number in range(MAX_ATTEMPTS + 1):
            name = Attempt(id, number).name if number else id
            withdrawn = folders.prep / f'{id}-withdrawn-{os.urandom(4).hex()}'
            if not _renamed(folders.todo / name, withdrawn):  # against the claim's rename one side wins
                continue
            _write_json(
                withdrawn / 'result.json', {'ok': False, 'id': id, 'error': _error('cancelled').as_json()}
            )
            if not _renamed(withdrawn, folders.error / id):
                _remove(withdrawn)
            return
        (folders.cancel / id).touch()

    def close(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _listen(self) -> Watch:
        if self._watch is None or self._watch.loop is not asyncio.get_running_loop():
            self.close()
            self._watch = Watch(self._changed)
        for folder in (self._folders.done, self._folders.error, self._folders.live):
            self._watch.add(folder, None)
        return self._watch

    def _changed(self, tag: Optional[str], name: Optional[str]) -> None:
        id = tag or name
        for events in self._waiting.values() if id is None else (self._waiting.get(id, set()),):
            for event in events:
                event.set()

    @contextmanager
    def _waker(self, id: str) -> Iterator[asyncio.Event]:
        if not is_id(id):
            raise _error('bad_request', f'{id!r} is not an id.')
        self._folders.make()
        self._listen()
        event = asyncio.Event()
        self._waiting.setdefault(id, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[id].discard(event)
            if not self._waiting[id]:
                del self._waiting[id]

    def _finished(self, id: str) -> Optional[Path]:
        for folder in (self._folders.done / id, self._folders.error / id):
            if (folder / 'result.json').exists():
                return folder
        return None

    def _read_result(self, id: str) -> Optional[Result]:
        folder = self._finished(id)
        body = None if folder is None else _read_json(folder / 'result.json')
        if folder is None or body is None:
            return None
        files = {name: path for out in folder.glob('out-*') for name, path in _files_below(out)}
        result = Result(id, body, folder, files)
        if body.get('ok') is not True:
            result.collect()
            error = body.get('error') or {}
            code, message = error.get('code', 'internal'), error.get('message', 'The job failed.')
            raise PortalError(code, message, error.get('todo'), error.get('retryAfter'))
        if not files:
            result.collect()
        return result


class BlockingPortal:
    """The same for programs without asyncio."""

    def __init__(self, spool: PathLike, service: str, user: Optional[str] = None) -> None:
        self._portal = Portal(spool, service, user)
        self._loop = asyncio.new_event_loop()

    def submit(self, *args: Any, **named: Any) -> str:
        return self._loop.run_until_complete(self._portal.submit(*args, **named))

    def wait(self, id: str, timeout: Optional[float] = None) -> Result:
        return self._loop.run_until_complete(self._portal.wait(id, timeout))

    def request(self, *args: Any, **named: Any) -> Result:
        return self._loop.run_until_complete(self._portal.request(*args, **named))

    def stream(self, id: str) -> Iterator[Any]:
        lines = self._portal.stream(id).__aiter__()
        while True:
            try:
                yield self._loop.run_until_complete(lines.__anext__())
            except StopAsyncIteration:
                return

    def cancel(self, id: str) -> None:
        self._loop.run_until_complete(self._portal.cancel(id))

    def close(self) -> None:
        self._portal.close()
        self._loop.close()


def _write_new(path: Path, data: bytes) -> None:
    with open(path, 'xb') as file:
        file.write(data)


def _copy_new(source: PathLike, target: Path) -> None:
    with open(source, 'rb') as read, open(target, 'xb') as write:
        shutil.copyfileobj(read, write, 1024 * 1024)


def _open_newer(path: Path, than: Optional[BinaryIO]) -> Optional[BinaryIO]:
    """None: it is not there, or it is the one that is open. Closes the old one."""
    try:
        if than is not None:
            if os.path.samestat(os.stat(path), os.fstat(than.fileno())):
                return None
        newer = open_plain(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if than is not None:
        than.close()
    return newer


def _files_below(folder: Path) -> Iterator[Tuple[str, Path]]:
    for path in sorted(folder.rglob('*')):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), path


# ---- the worker


class Claim(NamedTuple):
    """A job that this process holds, in its own folder under `.run/`."""

    user: str
    attempt: Attempt
    folder: Path


class Job:
    """A claimed job as its handler sees it. `folder` holds the request and what came with it; a client wrote
    that, so use `open`.
    """

    def __init__(self, claim: Claim, request: Json, live: Path) -> None:
        self.id, self.user, self.attempt, self.folder = (
            claim.attempt.id,
            claim.user,
            claim.attempt.number,
            claim.folder,
        )
        self.request = request
        self.ended: Optional[str] = None  # why to stop: 'cancelled', 'deadline' or 'stopping'
        self._live = live
        self._outs = self.folder / f'out-{self.attempt}'
        self._lock = threading.Lock()
        self._over = self._live_begun = False
        self._asked = asyncio.Event()

    @property
    def cancelled(self) -> bool:
        """Nobody waits for the answer any more, or the service stops: return soon. An async handler is
        cancelled by itself.
        """
        return self.ended is not None

    def open(self, name: str) -> BinaryIO:
        """A file that came with the request, for reading."""
        if not isinstance(name, str) or not is_file_name(name):
            raise _error('bad_request', f'{name!r} is no name of a file of the request.')
        try:
            return open_plain(self.folder / name)
        except OSError as error:
            raise _error('bad_request', f'the file {name} is missing or is not a regular file.') from error

    def out(self, name: str) -> Path:
        """Where to write a file that goes back with the result."""
        if not is_file_name(name):
            raise ValueError(f'not a plain file name: {name!r}')
        self._outs.mkdir(exist_ok=True)
        return self._outs / name

    def status(self, **fields: Any) -> None:
        """How it goes, for whoever looks: `live/<id>/status.json`."""
        status = {'state': 'running', 'attempt': self.attempt, **fields}
        with self._lock:
            if not self._over and not self._begin(status):
                _write_json(self._live / 'status.json', status)

    def emit(self, line: Any) -> None:
        """One line of the stream, any JSON value."""
        data = json.dumps(line, allow_nan=False).encode() + b'\n'
        with self._lock:
            if not self._over:
                self._begin({'state': 'running', 'attempt': self.attempt})
                with open(self._live / 'stream.ndjson', 'ab') as file:
                    file.write(data)

    def _begin(self, status: Json) -> bool:
        """The folder appears with the status in it, so that whoever watches live/ hears of it. False: it is
        there.
        """
        if self._live_begun:
            return False
        hidden = self._live.with_name(f'.{self.id}.{os.urandom(4).hex()}')
        hidden.mkdir()
        _write_json(hidden / 'status.json', status)
        _remove(self._live)
        os.rename(hidden, self._live)
        self._live_begun = True
        return True

    def _stop(self, why: str) -> None:
        self.ended = self.ended or why
        self._asked.set()

    def _end(self) -> None:
        with self._lock:
            self._over = True


Handler = Callable[[Job], Any]


def serve(
    spool: PathLike, service: str, handler: Handler, *, concurrency: int = 1, grace: float = 4.0
) -> None:
    """Serves a portal until SIGTERM or SIGINT. `handler(job)` is async or plain (then it runs in a thread);
    the dict that it returns is the result, an exception makes an error result, and `PortalError` says which.
    After the signal running jobs have `grace` seconds; then they go back to the queue.
    """
    asyncio.run(Worker(spool, service, handler, concurrency=concurrency, grace=grace).run())


class Worker:
    """Claims in order, one user after the other; publishes one result for each job; takes over what a dead
    claimer left.
    """

    def __init__(
        self, spool: PathLike, service: str, handler: Handler, *, concurrency: int = 1, grace: float = 4.0
    ) -> None:
        if not is_id(service):
            raise ValueError(f'not a name for a service: {service!r}')
        self._spool, self._service, self._handler = Path(spool).absolute(), service, handler
        self._concurrency, self._grace = concurrency, grace
        self._base = self._spool / service
        self._instance = instance_name(os.getpid()) or str(os.getpid())
        self._mine = self._base / '.run' / self._instance
        self._queues: Dict[str, List[str]] = {}
        self._turns: Deque[str] = deque()
        self._known: Set[Tuple[str, str]] = set()
        self._running: Dict[Tuple[str, str], Optional[Job]] = {}
        self._strays: Set[asyncio.Future[Any]] = set()
        self._stopping = False
        self._scan_due = True

    async def run(self) -> None:
        self._wake = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        self._mine.mkdir(parents=True, exist_ok=True)
        over = threading.Event()
        beating = threading.Thread(target=self._beat, args=(over,), daemon=True)
        beating.start()
        self._watch = Watch(self._changed)
        tasks: Set[asyncio.Task[None]] = set()
        next_scan, next_sweep, ready = 0.0, 0.0, False
        try:
            while not self._stopping:
                self._wake.clear()
                now = time.monotonic()
                if self._scan_due or now >= next_scan:
                    self._scan_due, next_scan = False, now + self._watch.interval
                    self._guarded(self._scan)
                if now >= next_sweep:
                    next_sweep = now + SWEEP_S
                    self._guarded(self._sweep)
                while len(self._running) + len(self._strays) < self._concurrency and not self._stopping:
                    claim = self._claim_next()
                    if claim is None:
                        break
                    self._running[claim.user, claim.attempt.id] = None
                    task = asyncio.ensure_future(self._run(claim))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                if not ready:
                    ready = True
                    _log(f'{self._service} ready')
                await _nap(self._wake, next_scan - time.monotonic())
            if tasks:
                await asyncio.wait(set(tasks))
        finally:
            self._watch.close()
            over.set()
            beating.join()
            self._tidy(self._mine)

    def _stop(self) -> None:
        self._stopping = True
        for job in self._running.values():
            if job is not None:
                job._stop('stopping')
        self._wake.set()

    def _beat(self, ended: threading.Event) -> None:
        # In a thread of its own, so that a handler which blocks the event loop doesn't lose its lease.
        while True:
            self._guarded(self._beat_once)
            if ended.wait(HEARTBEAT_S):
                return

    def _beat_once(self) -> None:
        self._mine.mkdir(parents=True, exist_ok=True)  # it is gone when this process was taken for dead
        (self._mine / 'heartbeat').touch()

    def _guarded(self, step: Callable[[], None]) -> None:
        """A full disk or a folder without rights must not end the service; it is tried again."""
        try:
            step()
        except OSError as error:
            _log(f'the portal {self._service}: {error}')

    # -- the queue

    def _changed(self, tag: Any, name: Optional[str]) -> None:
        user, kind = tag or (None, None)
        if user is None or name is None:
            self._scan_due = True
        elif kind == 'cancel':
            self._cancel(user, name)
        else:
            self._enqueue(user, name)
        self._wake.set()

    def _scan(self) -> None:
        self._recover()
        self._watch.add(self._base, None)
        for user in self._users():
            folders = self._folders(user)
            folders.make()
            self._watch.add(folders.todo, (user, 'todo'))
            self._watch.add(folders.cancel, (user, 'cancel'))
            for name in _names(folders.todo):
                self._enqueue(user, name)
            for name in _names(folders.cancel):
                self._cancel(user, name)

    def _users(self) -> List[str]:
        return [
            name
            for name in _names(self._base)
            if is_id(name) and stat.S_ISDIR(os.lstat(self._base / name).st_mode)
        ]

    def _enqueue(self, user: str, name: str) -> None:
        if parse_attempt(name) is None or (user, name) in self._known:
            return
        if user not in self._queues:
            self._queues[user] = []
            self._turns.append(user)
        self._known.add((user, name))
        heapq.heappush(self._queues[user], name)

    def _claim_next(self) -> Optional[Claim]:
        for _ in range(len(self._turns)):
            user = self._turns[0]
            self._turns.rotate(-1)
            held = []
            claim = None
            while self._queues[user] and claim is None:
                name = heapq.heappop(self._queues[user])
                if (user, name.partition('~')[0]) in self._running:
                    held.append(name)  # the same id a second time: when the first is done
                    continue
                self._known.discard((user, name))
                try:
                    claim = self._claim(user, name)
                except OSError as error:  # the rescan finds it again
                    _log(f'job {name} of {user}: {error}')
            for name in held:
                heapq.heappush(self._queues[user], name)
            if claim is not None:
                return claim
        return None

    def _cancel(self, user: str, id: str) -> None:
        job = self._running.get((user, id))
        if job is not None:
            job._stop('cancelled')
            return
        waits = any((user, name) in self._known for name in _attempt_names(id))
        if not waits:  # a marker of a job that is neither running nor waiting has nothing left to say
            _discard(self._folders(user).cancel / id)

    def _folders(self, user: str) -> Folders:
        return Folders.of(self._spool, self._service, user)

    # -- one job

    def _claim(self, user: str, name: str) -> Optional[Claim]:
        """None: somebody else was faster, the client withdrew it, or it is no job."""
        attempt = parse_attempt(name)
        assert attempt is not None
        folder = self._mine / user / attempt.name
        folder.parent.mkdir(parents=True, exist_ok=True)
        _discard(_mark(folder))
        if os.path.lexists(folder) or not _renamed(self._folders(user).todo / name, folder):
            return None
        # A link in a job's place would lead out of the portal, whatever is checked further in.
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            folder.unlink()
            return None
        claim = Claim(user, attempt, folder)
        if self._dropped(claim):
            return None
        # Put back by a person with `mv`, it carries its old answer. The tombstone goes first.
        _discard(self._seen(user, attempt.id))
        for old in _names(folder):
            if _OLD.match(old):
                _discard(folder / old)
        return claim

    async def _run(self, claim: Claim) -> None:
        user, attempt, folder = claim
        folders = self._folders(user)
        job: Optional[Job] = None
        try:
            answer: Json
            try:
                job = Job(claim, _read_request(folder), folders.live / attempt.id)
                self._running[user, attempt.id] = job
                if self._stopping:
                    job._stop('stopping')
                elif os.path.lexists(folders.cancel / attempt.id):
                    job._stop('cancelled')
                body = await self._work(job)
                if body is None:
                    job._end()
                    _remove(folders.live / attempt.id)
                    _renamed(folder, folders.todo / attempt.name)
                    return
                answer = {**body, 'ok': True, 'id': attempt.id}
                json.dumps(answer, allow_nan=False)
            except PortalError as error:
                answer = {'ok': False, 'id': attempt.id, 'error': error.as_json()}
            except Exception as error:  # a handler may fail in any way, and its client is owed an answer
                _append(folder / 'log.txt', traceback.format_exc())
                _log(f'job {attempt.name}: {error!r}')
                failure = _error('internal', f'{type(error).__name__}: {error}')
                answer = {'ok': False, 'id': attempt.id, 'error': failure.as_json()}
            if job is not None:
                job._end()
            await self._publish_at_last(claim, answer)
        finally:
            if job is not None:
                job._end()
            del self._running[user, attempt.id]
            self._wake.set()

    async def _work(self, job: Job) -> Optional[Json]:
        """None: stopped without having ended."""
        deadline = job.request.get('deadline')
        left = deadline - time.time() if isinstance(deadline, (int, float)) else None
        if job.ended is not None or (left is not None and left <= 0):
            job._stop('deadline')
            return _stopped(job)
        threaded = not inspect.iscoroutinefunction(self._handler)
        work = self._in_thread(job) if threaded else asyncio.ensure_future(self._handler(job))
        asked = asyncio.ensure_future(job._asked.wait())
        await asyncio.wait({work, asked}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not work.done():
            job._stop('deadline')
            if job.ended == 'stopping':
                await asyncio.wait({work}, timeout=self._grace)
            if not threaded:
                work.cancel()
            await asyncio.wait({work}, timeout=0.5 if job.ended == 'stopping' else self._grace)
        if not work.done():
            # It doesn't listen, and a thread can't be killed: its client has an answer, and its place stays
            # taken until it ends.
            self._strays.add(work)
            work.add_done_callback(self._stray_ended)
            return _stopped(job)
        if work.cancelled() or (job.ended is not None and work.exception() is not None):
            return _stopped(job)
        body = work.result()
        if body is not None and not isinstance(body, dict):
            raise TypeError(f'a handler returns a dict, not {type(body).__name__}')
        return body or {}

    def _in_thread(self, job: Job) -> asyncio.Future[Any]:
        # Not an executor: that would wait for its threads at the end of the process, however long they take.
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(value: Any, error: Optional[BaseException]) -> None:
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        def run() -> None:
            value, failure = None, None
            try:
                value = self._handler(job)
            except BaseException as error:  # whatever it is, it ends this job and not the service
                failure = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
            try:
                loop.call_soon_threadsafe(settle, value, failure)
            except RuntimeError:
                assert loop.is_closed()  # the service has ended without it

        threading.Thread(target=run, daemon=True, name=job.id).start()
        return future

    def _stray_ended(self, work: asyncio.Future[Any]) -> None:
        self._strays.discard(work)
        if not work.cancelled():
            work.exception()  # looked at, so that asyncio doesn't complain
        self._wake.set()

    # -- results

    async def _publish_at_last(self, claim: Claim, answer: Json) -> None:
        while True:
            try:
                return self._publish(claim, answer)
            except OSError as error:  # the disk is full, say; the work is done and need not be done again
                if not claim.folder.exists():
                    return _log(f'job {claim.attempt.name} was taken over while its worker was silent')
                _log(f'job {claim.attempt.name} in {claim.folder}: {error}')
            if self._stopping:
                return None
            await asyncio.sleep(RESCAN_S)

    def _publish(self, claim: Claim, answer: Json) -> None:
        _write_json(claim.folder / 'result.json', answer)
        _mark(claim.folder).touch()
        self._deliver(claim, answer['ok'])

    def _deliver(self, claim: Claim, ok: bool) -> None:
        folders = self._folders(claim.user)
        if not claim.folder.exists():
            return _log(f'job {claim.attempt.name} was taken over while its worker was silent')
        # While the claim is ours, so that a worker which lost its lease takes nothing from the next attempt.
        # The stream stays beside the result, for a reader who is late.
        live = folders.live / claim.attempt.id
        _renamed(live / 'stream.ndjson', claim.folder / 'stream.ndjson')
        _remove(live)
        _discard(folders.cancel / claim.attempt.id)
        self._entomb(claim)
        # The commit point. False twice: an answer under this id is there already, and it stays the one.
        target = (folders.done if ok else folders.error) / claim.attempt.id
        if not _renamed(claim.folder, target):
            folders.make()  # somebody may have removed them
            if not _renamed(claim.folder, target):
                self._trash(claim.folder)
        _discard(_mark(claim.folder))

    def _seen(self, user: str, id: str) -> Path:
        return self._base / '.seen' / user / id

    def _entomb(self, claim: Claim) -> None:
        seen = self._seen(claim.user, claim.attempt.id)
        seen.parent.mkdir(parents=True, exist_ok=True)
        _write_json(seen, claim.attempt.number)

    def _answered(self, claim: Claim) -> bool:
        """By this attempt or a later one. A tombstone of an earlier one is that of a worker which lost its
        lease, and whose result was dropped.
        """
        try:
            text = self._seen(claim.user, claim.attempt.id).read_text(encoding='utf-8').strip()
        except FileNotFoundError:
            return False
        return not text.isdecimal() or int(text) >= claim.attempt.number

    def _dropped(self, claim: Claim) -> bool:
        """A late duplicate of a job that was answered is removed."""
        if not self._answered(claim) or os.path.lexists(claim.folder / 'result.json'):
            return False
        self._trash(claim.folder)
        return True

    def _trash(self, path: Path) -> None:
        trash = self._base / '.trash'
        trash.mkdir(exist_ok=True)
        aside = trash / os.urandom(8).hex()
        if _renamed(path, aside):
            _discard(aside)

    def _recover(self) -> None:
        """Takes over the jobs of claimers that are dead or silent, and what a failure left in ours."""
        for instance in _names(self._base / '.run'):
            own = instance == self._instance
            folder = self._base / '.run' / instance
            heartbeat = folder / 'heartbeat'
            if (
                not own
                and instance_lives(instance)
                and _age(heartbeat if heartbeat.exists() else folder) < LEASE_S
            ):
                continue
            for user in _names(folder):
                for name in _names(folder / user):
                    attempt = parse_attempt(name)
                    if attempt is not None and not (own and (user, attempt.id) in self._running):
                        self._recover_job(Claim(user, attempt, folder / user / name), instance)
            if not own:
                self._tidy(folder)

    def _tidy(self, folder: Path) -> None:
        """Removes an instance's folder, unless there is a job in it."""
        for user in _names(folder):
            for name in _names(folder / user):
                if parse_attempt(name) is None:  # the mark of a job that has gone
                    _discard(folder / user / name)
            _remove_if_empty(folder / user)
        _discard(folder / 'heartbeat')
        _remove_if_empty(folder)

    def _recover_job(self, claim: Claim, instance: str) -> None:
        id, number = claim.attempt
        folders = self._folders(claim.user)
        folders.make()
        if _mark(claim.folder).exists():
            _log(f'job {claim.attempt.name} was finished when its claimer ended, and is delivered')
            self._deliver(claim, (_read_json(claim.folder / 'result.json') or {}).get('ok') is True)
            return
        _log(f'job {claim.attempt.name} is taken over from {instance}')
        _remove(folders.live / id)
        if number < MAX_ATTEMPTS:
            if self._dropped(claim):
                return
            _renamed(claim.folder, folders.todo / Attempt(id, number + 1).name)
            return
        # The answer first, then the job aside. After a kill in between, a tombstone without an answer means
        # that it is published.
        answer = claim.folder.with_name(f'{claim.folder.name}.answer')
        if answer.exists() or not self._answered(claim):
            answer.mkdir(exist_ok=True)
            _write_json(
                answer / 'result.json',
                {'ok': False, 'id': id, 'error': _error('engine_crashed', number).as_json()},
            )
            self._entomb(claim)
            if not _renamed(answer, folders.error / id):
                self._trash(answer)
        _append(
            claim.folder / 'log.txt', f'its claimer {instance} ended {number} times while it worked on this\n'
        )
        dead = self._base / '.dead' / claim.user
        dead.mkdir(parents=True, exist_ok=True)
        self._trash(dead / claim.attempt.name)
        _renamed(claim.folder, dead / claim.attempt.name)

    def _sweep(self) -> None:
        """Removes what nobody fetched for long. Goes by age and state; a live request is never in these
        places.
        """
        for user in self._users():
            folders = self._folders(user)
            kept = (
                (folders.prep, 'prep'),
                (folders.live, 'prep'),
                (folders.done, 'done'),
                (folders.error, 'error'),
                (self._base / '.dead' / user, 'dead'),
            )
            for folder, kind in kept:
                for name in _names(folder):
                    if folder == folders.live and not name.startswith('.'):
                        continue  # of a job at work, however long it takes; a hidden one was never finished
                    if _age(folder / name) > KEPT_S[kind]:
                        self._trash(folder / name)
            for id in _names(self._base / '.seen' / user):
                seen = self._seen(user, id)
                if (folders.done / id).exists() or (folders.error / id).exists():
                    seen.touch()
                elif _age(seen) > TOMBSTONE_S:
                    _discard(seen)
        for name in _names(self._base / '.trash'):
            _discard(self._base / '.trash' / name)


# What an attempt leaves in a job's folder, half-written files among it.
_OLD = re.compile(r'(result\.json|log\.txt|stream\.ndjson|out-[0-9]+|\..*)\Z', re.DOTALL)


def _mark(folder: Path) -> Path:
    """Stands when the result does. Beside the claim, so that a job put back by `mv` doesn't carry it."""
    return folder.with_name(f'{folder.name}.complete')


def _stopped(job: Job) -> Optional[Json]:
    """None where it goes back to the queue; else its client hears why."""
    if job.ended == 'stopping':
        return None
    raise _error(job.ended or 'cancelled')


def _read_request(folder: Path) -> Json:
    """What is wrong with it is the client's fault."""
    try:
        name = 'request.json' if os.path.lexists(folder / 'request.json') else 'request.yaml'
        with open_plain(folder / name) as file:
            data = file.read(MAX_REQUEST_BYTES + 1)
        if len(data) > MAX_REQUEST_BYTES:
            raise _error('bad_request', f'{name} is over 1 MiB.')
        request = json.loads(data, parse_constant=_no_constant)
    except OSError as error:
        raise _error('bad_request', 'request.json is missing or is not a regular file.') from error
    except (ValueError, RecursionError) as error:
        raise _error('bad_request', f'{name} is not JSON: {error}') from error
    if not isinstance(request, dict):
        raise _error('bad_request', f'{name} holds no object.')
    deadline = request.get('deadline', 1)
    if type(deadline) not in (int, float) or deadline <= 0:
        raise _error('bad_request', 'deadline is not a number of seconds since 1970.')
    return request


def _no_constant(name: str) -> None:
    raise ValueError(f'{name} is no JSON number')


def _attempt_names(id: str) -> List[str]:
    return [id, *(Attempt(id, number).name for number in range(1, MAX_ATTEMPTS + 1))]


def _discard(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        pass
    except OSError:
        _remove(path)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise


def _append(path: Path, text: str) -> None:
    fd = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644
    )
    with os.fdopen(fd, 'a', encoding='utf-8', errors='replace') as file:
        file.write(text)


def _age(path: Path) -> float:
    """In seconds; nothing that isn't there is old."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0


def _log(line: str) -> None:
    print(line, flush=True)
