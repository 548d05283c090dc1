"""What a call of the prober (prober.py) is said to hear, of its samples so far; None: not known yet."""

import numpy

from .rtp import RATE, SILENCE, dominant, loudness


def tone_of(*wanted):
    """Which of these tones (Hz) it is."""
    def listen(samples):
        last = samples[-RATE // 10:]
        if len(last) < RATE // 10 or loudness(last) < 4 * SILENCE:
            return None
        frequency, share = dominant(last)
        found = [tone for tone in wanted if abs(frequency - tone) < 25 and share > 0.8]
        return found[0] if found else "something else" if len(samples) > RATE else None
    return listen


def tone_or_speech(tone):
    """Whether this tone is heard, or half a second of something else."""
    is_tone = tone_of(tone)

    def listen(samples):
        if is_tone(samples) == tone:
            return "tone"
        is_sound = len(samples) >= RATE // 2 and (numpy.abs(samples) > SILENCE).mean() > 0.2
        return "speech" if is_sound else None
    return listen
