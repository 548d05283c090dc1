"""The media servers' static files and their prompts, without a media server."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from front.options import CLONE

CONF = CLONE / "conf"
UNPACK = CLONE / "scripts/unpack"
# Lines of Asterisk's dialplan that name a prompt.
PLAYS = re.compile(r"\b(?:Playback|Background)\(|Set\(prompt=")
# Dates are said by modules: one word of each folder they take them from.
SAID = ["digits/1", "digits/h-20", "digits/today", "digits/p-m", "time/today", "time/mon-0"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache of its own: the one that platforms share belongs to another user under root."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def sounds(tmp_path_factory, cache):
    folder = tmp_path_factory.mktemp("media") / "sounds"
    subprocess.run([UNPACK, "sounds", folder], check=True,
                   env={**os.environ, "DIALPLANE_CACHE": cache})
    return folder


def names_of_asterisk():
    """Prompts in extensions.conf; those of menus are variables, which `dialplane serve` sets."""
    for line in (CONF / "asterisk/extensions.conf").read_text(encoding="utf-8").splitlines():
        if PLAYS.search(line):
            yield from re.findall(r"\b[a-z]+(?:-[a-z]+)+\b", line)


def names_of_freeswitch():
    for path in (CONF / "freeswitch").rglob("*.xml"):
        yield from re.findall(r'"([\w/-]+)\.wav"', path.read_text(encoding="utf-8"))


def names_of_database():
    text = (CLONE / "db/migrations/0002_extensions.sql").read_text(encoding="utf-8")
    yield from re.findall(r"voip\.prompt NOT NULL DEFAULT '([^']+)'", text)


def test_prompts_are_in_the_set(sounds):
    names = {*names_of_asterisk(), *names_of_freeswitch(), *names_of_database(), *SAID}
    assert len(names) > 30
    assert [name for name in sorted(names) if not (sounds / f"{name}.wav").is_file()] == []


def test_prompts_are_telephone_audio(sounds):
    """8 kHz, mono, 16-bit linear: what both media servers play without converting the rate."""
    header = (sounds / "vm-intro.wav").read_bytes()[:36]
    assert header[:4] == b"RIFF" and header[20:36] == bytes.fromhex(
        "0100 0100 401f0000 803e0000 0200 1000")


def test_music_is_in_the_set(sounds):
    text = (CONF / "freeswitch/freeswitch.xml").read_text(encoding="utf-8")
    assert (sounds / re.search(r"hold_music=([\w/.-]+)", text)[1]).is_file()


def test_sounds_come_with_their_licences(sounds):
    for folder in (sounds, sounds / "moh"):
        assert "Creative Commons" in (folder / "LICENCE").read_text(encoding="utf-8")


def test_freeswitch_files_are_xml():
    files = list((CONF / "freeswitch").rglob("*.xml"))
    assert files
    subprocess.run(["xmllint", "--noout", *files], check=True)


def test_second_unpacking_takes_nothing_from_the_network(sounds, cache, tmp_path):
    """A second state folder shares what is in the cache, and is complete."""
    subprocess.run([UNPACK, "sounds", tmp_path / "en"], check=True,
                   env=without_network(tmp_path, cache))
    assert os.path.samefile(tmp_path / "en/vm-intro.wav", sounds / "vm-intro.wav") or \
        (tmp_path / "en/vm-intro.wav").stat().st_dev != (sounds / "vm-intro.wav").stat().st_dev


def test_without_network_it_says_what_to_do(tmp_path):
    done = subprocess.run([UNPACK, "sounds", tmp_path / "en"], capture_output=True, text=True,
                          env=without_network(tmp_path, tmp_path / "cache"), check=False)
    assert done.returncode == 1
    assert "Check the network" in done.stderr
    assert not (tmp_path / "en").exists()


def without_network(folder, cache):
    """An environment with this cache, in which apt reaches nobody."""
    apt = Path(folder) / "apt.conf"
    apt.write_text('Acquire::http::Proxy "http://127.0.0.1:9";\n'
                   'Acquire::https::Proxy "http://127.0.0.1:9";\nAcquire::Retries "0";\n',
                   encoding="ascii")
    return {**os.environ, "APT_CONFIG": str(apt), "DIALPLANE_CACHE": cache}
