"""portal_storm_claimer FOLDER: stands by until there is a line on stdin, then serves the portal `storm`."""

import asyncio
import hashlib
import os
import sys
import threading

import courante_portal
from courante_portal import serve

# As in portal-storm-claimer.ts.
courante_portal.HEARTBEAT_S, courante_portal.LEASE_S, courante_portal.RESCAN_S = 0.1, 2.0, 0.5
folder = sys.argv[1]


def append(name, line):
    fd = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(fd, f'{line}\n'.encode())
    os.close(fd)


async def handle(job):
    append('executions.log', f'{job.id}~{job.attempt} {os.getpid()}')
    os.write(1, b'b')
    request = job.request
    for line in range(request['lines']):
        job.emit({'attempt': job.attempt, 'line': line})
    body = {'square': request['value'] ** 2, 'attempt': job.attempt}
    if 'file' in request:
        with job.open(request['file']) as file:
            data = file.read()
        body['hash'] = hashlib.sha256(data).hexdigest()
        job.out('turned.bin').write_bytes(data[::-1])
    await asyncio.sleep(request['value'] % 4 / 1000)
    os.write(1, b'e')
    return body


def end_with_the_storm():
    sys.stdin.readline()
    os._exit(1)


if __name__ == '__main__':
    sys.stdin.readline()
    threading.Thread(target=end_with_the_storm, daemon=True).start()
    courante_portal._log = lambda line: append('claimers.log', f'{os.getpid()} {line}')
    serve(os.path.join(folder, 'spool'), 'storm', handle, concurrency=4)
