"""contract_worker.py SPOOL SERVICE: does what test/support/transport-contract.ts asks for."""

import asyncio
import sys

from courante_portal import PortalError, serve


async def handle(job):
    does = job.request['does']
    if does == 'refuse':
        raise PortalError('too_loud', 'That is too loud.', 'Whisper.')
    if does == 'hang' or (does == 'hang-once' and job.attempt == 1):
        job.emit({'word': 'began'})
        await asyncio.Event().wait()
    for word in job.request.get('words', []):
        job.emit({'word': word})
    if does == 'draw':
        job.out('picture.txt').write_text('a picture')
    text = job.request.get('text', '')
    if 'file' in job.request:
        with job.open(job.request['file']) as file:
            text += ' ' + file.read().decode()
    return {'text': text, 'attempt': job.attempt}


serve(sys.argv[1], sys.argv[2], handle, concurrency=16)
