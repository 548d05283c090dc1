"""Prompts of a.test's own, as an operator adds and removes them."""

import wave

import numpy


def add_tone(platform, name, hertz, rate=8000, seconds=3, channels=1):
    path = platform.folder / f"{name}.wav"
    moments = numpy.arange(rate * seconds) / rate
    samples = (8000 * numpy.sin(2 * numpy.pi * hertz * moments)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.repeat(channels).tobytes())
    run(platform, "--add", name, "--file", path)


def run(platform, *options):
    return platform.state.run([platform.state / "bin/dialplane", "prompt", "-s", platform.state,
                               "--tenant", "a.test", *options])
