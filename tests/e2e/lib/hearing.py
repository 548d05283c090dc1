"""What a call of the prober (prober.py) is said to hear, of its samples so far; None: not known yet."""

from .rtp import RATE, SILENCE, dominant, loudness, share_near, spectrum_of


def tone_of(*wanted):
    """Which of these tones (Hz) it is."""
    def listen(samples):
        last = samples[-RATE // 10:]
        if len(last) < RATE // 10 or loudness(last) < 4 * SILENCE:
            return None
        frequency, share = dominant(last)
        found = [tone for tone in wanted if abs(frequency - tone) < 25 and share > 0.6]
        return found[0] if found else "something else" if len(samples) > RATE else None
    return listen


def tone_or_speech(tone):
    """Whether this tone is heard, also with gaps, or something else that is to be heard."""
    step = RATE // 10

    def listen(samples):
        parts = [samples[start:start + step] for start in range(0, len(samples) - step + 1, step)]
        shares = sorted(share_near(spectrum_of(part), tone) for part in parts
                        if loudness(part) >= 2 * SILENCE)
        if shares and shares[-1] > 0.6:
            return "tone"
        return "speech" if len(shares) > 3 and shares[-2] < 0.3 else None
    return listen
