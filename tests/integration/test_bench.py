"""Benchmarks, in short: that they do what they measure, and say when it fails."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
SECONDS = 2


def bench(media, types):
    """Runs it; returns the process and its figures."""
    done = subprocess.run([BENCH / "extensions"], capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, "MEDIA": media, "BENCH_SECONDS": str(SECONDS),
                               "BENCH_TYPES": types})
    return done, dict(re.findall(r"^bench (\S+) (\S+) \w+$", done.stdout, re.M))


@pytest.mark.parametrize("media", ["freeswitch", "asterisk"])
def test_extensions(media):
    """A user and a service: every call is done, and each figure is there."""
    if media == "freeswitch" and not shutil.which("freeswitch"):
        pytest.skip("FreeSWITCH is not installed here (no freeswitch in PATH)")
    types = ["user", "ivr"]
    done, figures = bench(media, " ".join(types))
    assert done.returncode == 0, done.stdout + done.stderr
    assert media in done.stdout.splitlines()[0]
    for name in types:
        assert figures[f"ext_{name}_failed"] == "0"
        assert int(figures[f"ext_{name}_done"]) == 20 * SECONDS
        assert 0 < float(figures[f"ext_{name}_p50_ms"]) <= float(figures[f"ext_{name}_p99_ms"])
    assert len(figures) == 5 * len(types)


def test_unknown_type():
    done, figures = bench("asterisk", "user carrot")
    assert done.returncode != 0 and not figures
    assert "no type carrot; there are: user " in done.stderr


def test_cdr():
    """Every record that was posted is a row, and each figure is there."""
    done = subprocess.run([BENCH / "cdr"], capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, "BENCH_SECONDS": str(SECONDS)})
    assert done.returncode == 0, done.stdout + done.stderr
    figures = {name: float(value)
               for name, value in re.findall(r"^bench (\S+) (\S+) \S+$", done.stdout, re.M)}
    wanted = {"cdr_per_s", "cdr_plain_insert_per_s", "cdr_insert_arrays_per_s",
              "cdr_insert_whole_per_s", "cdr_insert_copy_per_s", "cdr_insert_values_per_s",
              "cdr_insert_json_per_s", "collector_rss_mb", "cdr_writer_rss_mb"} | \
        {f"{name}_{rate}" for name in ("cdr_lag_p50_ms", "cdr_lag_p99_ms", "collector_ack_p99_ms")
         for rate in (10, 500)}
    assert wanted <= figures.keys()
    assert all(value > 0 for name, value in figures.items() if name != "cdr_drain_s")
    assert figures["cdr_lag_p50_ms_500"] <= figures["cdr_lag_p99_ms_500"]


def test_api():
    """Of few rows there is no thousandth page, but each other figure."""
    done = subprocess.run([BENCH / "api"], capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, "BENCH_ROWS": "5000", "BENCH_ASKED": "20",
                               "BENCH_USERS": "500", "BENCH_LINES": "1000"})
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(re.findall(r"^bench (\S+) (\S+) \w+$", done.stdout, re.M))
    for name in ("api_list", "api_list_like", "api_get", "api_patch", "api_cdr_number", "api_cdr_day"):
        assert 0 < float(figures[f"{name}_p50_ms"]) <= float(figures[f"{name}_p99_ms"])
    assert float(figures["api_import_1k_s"]) > 0
    assert "# by list: 10 pages" in done.stdout and "# by cdr_number: 10 pages" in done.stdout


def test_api_live():
    """Changes count for calls at the edge and on the media server."""
    done = subprocess.run([BENCH / "api_live"], capture_output=True, text=True, timeout=200, check=False,
                          env={**os.environ, "MEDIA": "asterisk", "BENCH_CHANGES": "2"})
    assert done.returncode == 0, done.stdout + done.stderr
    figures = dict(re.findall(r"^bench (\S+) (\S+) ms$", done.stdout, re.M))
    for area in "edge", "asterisk":
        assert 0 < float(figures[f"api_live_{area}_p50_ms"]) <= float(figures[f"api_live_{area}_p99_ms"])
