"""The parts of courante_engine that need no core."""

import array
import io
import json
import math
import os
import struct
import tempfile
import unittest

import courante_engine as engine


class Tone:
    def __init__(self, hertz, rate, seconds=1.0, loud=10_000):
        angle = 2 * math.pi * hertz / rate
        self.samples = [round(loud * math.sin(angle * i)) for i in range(int(rate * seconds))]

    @property
    def pcm(self):
        return array.array('h', self.samples).tobytes()


class Resampling(unittest.TestCase):
    def test_a_tone_stays_what_it_is_in_pieces_of_any_size(self):
        for source, target in ((24_000, 16_000), (48_000, 16_000), (44_100, 16_000), (8_000, 16_000)):
            pcm = Tone(440, source).pcm
            resampler = engine._Resampler(source, target)
            pieces = [resampler.push(pcm[at : at + 997]) for at in range(0, len(pcm), 997)]
            out = array.array('h', b''.join([*pieces, resampler.flush()]))
            self.assertAlmostEqual(len(out), target, delta=2)
            wanted = Tone(440, target).samples
            off = max(abs(a - b) for a, b in zip(out[200 : target - 200], wanted[200:]))
            self.assertLess(off, 25, (source, target))

    def test_what_the_new_rate_can_not_hold_is_gone(self):
        resampler = engine._Resampler(48_000, 16_000)
        out = array.array('h', resampler.push(Tone(12_000, 48_000).pcm))
        self.assertLess(max(map(abs, out[200:])), 250)

    def test_the_loudest_samples_do_not_wrap_around(self):
        square = array.array('h', [32767 if i // 20 % 2 else -32768 for i in range(4000)]).tobytes()
        out = array.array('h', engine._Resampler(44_100, 16_000).push(square))
        self.assertEqual((max(out), min(out)), (32767, -32768))


class Ends(unittest.TestCase):
    def through(self, pieces, stops):
        ends, said = engine._Ends(stops), ''
        for piece in pieces:
            text, over = ends.push(piece)
            said += text
            if over:
                return said, True
        return said + ends.rest, False

    def test_a_stop_string_is_found_across_pieces_and_never_said(self):
        self.assertEqual(self.through(['a b', ' c', ' d'], ['b c']), ('a ', True))
        self.assertEqual(self.through(['aa', 'ab'], ['aab']), ('a', True))
        self.assertEqual(self.through(['x', 'y', 'z'], ['z', 'xyz']), ('', True))

    def test_what_only_begins_as_one_is_said(self):
        self.assertEqual(self.through(['a <', 'b', '> <'], ['<end>']), ('a <b> <', False))
        self.assertEqual(self.through(['abc'], []), ('abc', False))


class Wav(unittest.TestCase):
    def head(self, data):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            return engine._read_wav_head(file)

    def wav(self, code=1, channels=1, rate=16_000, bits=16, data=b'\0' * 100, length=None):
        width = channels * bits // 8
        format = struct.pack('<4sIHHIIHH', b'fmt ', 16, code, channels, rate, rate * width, width, bits)
        chunk = struct.pack('<4sI', b'data', len(data) if length is None else length)
        return b'RIFF\0\0\0\0WAVE' + b'LIST\x03\0\0\0abc\0' + format + chunk + data

    def test_a_head_is_read_past_what_is_not_known(self):
        head = self.head(self.wav(channels=2))
        self.assertEqual((head.rate, head.channels, head.width, head.frames), (16_000, 2, 2, 25))
        self.assertEqual(self.head(self.wav(length=0xFFFFFFFF)).frames, 50)
        self.assertEqual(self.head(self.wav(length=0)).frames, 50)

    def test_each_fault_has_its_name(self):
        for data, fault in (
            (b'', 'empty'),
            (b'RIFF', 'not_wav'),
            (b'OggS' * 10, 'not_wav'),
            (self.wav()[:-1], 'truncated'),
            (self.wav(code=2, bits=4), 'encoding'),
            (self.wav(channels=0), 'encoding'),
            (self.wav(rate=1), 'encoding'),
            (b'RIFF\0\0\0\0WAVE', 'no_audio'),
            (b'RIFF\0\0\0\0WAVEdata\0\0\0\0', 'no_audio'),
            (b'RIFF\0\0\0\0WAVEfmt \xff\xff\0\0', 'no_audio'),
        ):
            self.assertEqual(self.head(data), fault, data)

    def test_any_bytes_are_a_fault_or_a_head_and_no_crash(self):
        whole = self.wav(channels=2)
        for at in range(len(whole) - 100):
            for byte in (0, 1, 255):
                self.head(whole[:at] + bytes([byte]) + whole[at + 1 :])
                self.head(whole[:at])

    def test_samples_of_every_width_become_mono(self):
        def mono(data, channels=1, width=2, is_float=False):
            wav = engine._Wav(16_000, channels, width, is_float, 0, 0)
            return list(array.array('h', engine._mono(data, wav)))

        self.assertEqual(mono(bytes([0, 128, 255]), width=1), [-32768, 0, 32512])
        self.assertEqual(mono(struct.pack('<4h', 10, 20, -10, -20), channels=2), [15, -15])
        self.assertEqual(mono(b'\xff\x34\x12\x00\x00\x80', width=3), [0x1234, -32768])
        self.assertEqual(mono(struct.pack('<2i', 0x12345678, -1), width=4), [0x1234, -1])
        floats = struct.pack('<4f', 1, -2, math.nan, 0.5)
        self.assertEqual(mono(floats, width=4, is_float=True), [32767, -32767, 0, 16384])
        self.assertEqual(mono(struct.pack('<d', math.inf), width=8, is_float=True), [32767])


class Sessions(unittest.TestCase):
    def test_a_large_frame_at_an_odd_rate_loses_no_sample_and_cuts_none(self):
        heard = []

        class Ear(engine.Listener):
            def hear(self, pcm):
                heard.append(pcm)

        class Hears(engine.Engine):
            sample_rate = 11_025

            def listen(self, job):
                return Ear()

        request = {'kind': 'session', 'sampleRate': 11_025}
        job = engine.Job(None, {'job': 'x', 'request': request, 'folder': '', 'out': '', 'socket': ''})
        session, pcm = engine._Session(Hears(), job), Tone(440, 11_025, 4).pcm
        session._take(pcm)
        self.assertEqual(b''.join(heard), pcm)
        self.assertEqual({len(piece) % 2 for piece in heard}, {0})
        self.assertEqual(session._samples, len(pcm) // 2)


class Frames(unittest.TestCase):
    def test_a_frame_is_read_back_and_half_a_one_is_none(self):
        frame = engine._frame({'type': 'x', 'text': 'ä'})
        type, payload = engine._read_frame(io.BytesIO(frame))
        self.assertEqual((type, json.loads(payload)), (1, {'type': 'x', 'text': 'ä'}))
        for cut in range(len(frame)):
            self.assertIsNone(engine._read_frame(io.BytesIO(frame[:cut])))

    def test_a_hostile_length_is_refused(self):
        with self.assertRaises(engine.Failure):
            engine._read_frame(io.BytesIO(struct.pack('<IB', 0xFFFFFFFF, 1)))
        with self.assertRaises(engine.BadRequest):
            engine._frame({'text': 'x' * engine.MAX_FRAME})


class Parts(unittest.TestCase):
    def test_sentences_hold_all_words(self):
        self.assertEqual(
            engine.sentences('One. "Two!" Three?\n\n* * *\nFour: five  '),
            ['One.', '"Two!"', 'Three?', 'Four:', 'five'],
        )
        self.assertEqual(engine.sentences('...'), [])

    def test_a_model_says_what_it_lacks(self):
        with tempfile.TemporaryDirectory() as folder:
            model = engine.Model('m', {'model': folder, 'gone': os.path.join(folder, 'x')}, {})
            self.assertEqual(model.folder('model'), folder)
            for call, reason in (
                (lambda: model.file('model'), 'bad_model'),
                (lambda: model.file('gone'), 'missing_files'),
                (lambda: model.file('tokens'), 'bad_model'),
            ):
                with self.assertRaises(engine.Failure) as caught:
                    call()
                self.assertEqual(caught.exception.as_json['reason'], reason)

    def test_a_vector_gets_the_length_1(self):
        self.assertEqual(engine._unit([3, 4]), [0.6, 0.8])
        self.assertEqual(engine._unit([0, 0]), [0, 0])
        for bad in ([math.nan, 1], [math.inf], ['x'], 5):
            with self.assertRaises((TypeError, ValueError)):
                engine._unit(bad)

    def test_as_many_vectors_as_a_request_can_ask_for_fit_into_a_frame(self):
        vector = engine._unit([math.sin(i) for i in range(4096)])
        self.assertLess(256 * len(json.dumps(vector, separators=(',', ':'))), engine.MAX_FRAME)

    def test_what_a_failure_tells_is_what_core_takes_whatever_it_was_given(self):
        for failure, told in (
            (engine.BadRequest(ValueError('no')), {'reason': 'bad_request', 'detail': 'no'}),
            (engine.ContextTooLong(5.0, 4), {'reason': 'context_too_long', 'tokens': 5, 'context': 4}),
            (engine.BadAudio('empty'), {'reason': 'bad_audio', 'fault': 'empty'}),
        ):
            self.assertEqual(engine._failure_of(failure, ''), told)
        with self.assertRaises(ValueError):
            engine.BadAudio('weird')

        class Mine(engine.BadModel):
            def __init__(self):
                pass

        for failure in (engine.Failure('my_reason'), Mine()):
            self.assertEqual(engine._failure_of(failure, '')['reason'], 'internal')


if __name__ == '__main__':
    unittest.main()
