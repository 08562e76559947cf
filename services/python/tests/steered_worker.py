"""A worker for the tests: the request says what the handler does."""

import asyncio
import os
import sys
import time

from courante_portal import PortalError, serve


async def handle(job):
    print('began', job.id, job.attempt, flush=True)
    does = job.request.get('does')
    if does == 'refuse':
        raise PortalError('too_loud', 'That is too loud.', 'Whisper.')
    if does == 'break':
        raise RuntimeError('broken')
    if does == 'hang':
        await asyncio.Event().wait()
    if does == 'hang-once' and job.attempt == 1:
        await asyncio.Event().wait()
    if does == 'block-once' and job.attempt == 1:
        time.sleep(3600)
    if does == 'pass-gate' and job.attempt == 1:
        while not os.path.exists(job.request['gate']):
            await asyncio.sleep(0.01)
    if does == 'talk':
        job.status(progress=0)
        for word in job.request['words']:
            job.emit({'word': word})
            await asyncio.sleep(0)
        job.status(progress=1)
    if does == 'talk-and-hang':
        job.emit({'word': 'listening'})
        await asyncio.Event().wait()
    if does == 'draw':
        job.out('picture.txt').write_text('a picture')
    text = ''
    if 'file' in job.request:
        with job.open(job.request['file']) as file:
            text = file.read().decode()
    return {'words': len(text.split()), 'attempt': job.attempt}


if __name__ == '__main__':
    serve(sys.argv[1], sys.argv[2], handle, concurrency=4, grace=0.5)
