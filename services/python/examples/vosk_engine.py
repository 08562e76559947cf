# /// script
# requires-python = ">=3.9"
# dependencies = ["vosk>=0.3.42"]
# ///
"""
Speech to text by Vosk, which says words while they are spoken:

    courante models add vosk_engine.py --kind stt --file model=FOLDER

FOLDER is a model as Vosk publishes them, unpacked.
"""

import json
from os.path import getsize, isfile, join

from courante_engine import BadModel, Engine, Final, Listener, Partial, run
from vosk import KaldiRecognizer, Model, SetLogLevel


class Vosk(Engine):
    parallel = 8

    def load(self, model, setup):
        folder = model.folder('model')
        # Kaldi writes about what it misses into the log; this is for people. Older models have it on top.
        acoustic = [join(folder, path) for path in ('am/final.mdl', 'final.mdl')]
        if not any(isfile(path) and getsize(path) > 0 for path in acoustic):
            raise BadModel(f'{folder} is no model of Vosk: it has no am/final.mdl')
        SetLogLevel(-1)
        try:
            self.model = Model(folder)
        except Exception as error:
            raise BadModel(f'Vosk says: {error}') from error

    def listen(self, job):
        return VoskListener(KaldiRecognizer(self.model, self.sample_rate))


class VoskListener(Listener):
    """Where an utterance ends, Vosk decides by itself; its times go on from one to the next."""

    def __init__(self, recognizer):
        self.recognizer = recognizer
        recognizer.SetWords(True)

    def hear(self, pcm):
        if self.recognizer.AcceptWaveform(pcm):
            yield final(self.recognizer.Result())
        else:
            yield Partial(json.loads(self.recognizer.PartialResult())['partial'])

    def flush(self):
        yield final(self.recognizer.FinalResult())

    def clear(self):
        self.recognizer.Reset()


def final(result):
    said = json.loads(result)
    words = said.get('result', [])
    return Final(said['text'], words[0]['start'], words[-1]['end']) if words else Final('', 0, 0)


if __name__ == '__main__':
    run(Vosk())
