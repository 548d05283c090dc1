"""Recordings by the API: listed, heard in parts, held, deleted; plain ones and encrypted ones."""

import http.client
import io
import random
import shutil
import time
import uuid
import wave

import psycopg
import pytest

from api import Api, client, make_key
from serve import until

RUNNING = ("redis", "collector", "cdr-writer", "serve")
FRAMES = 200_000        # 800 kB: more than a dozen of the pieces that are encrypted
SCOPES = ("recording:read", "recording:write", "cdr:read", "audit:read")


@pytest.fixture(scope="module", name="api")
def make_api(platform):
    made = client(platform, "a.test", SCOPES)
    yield made
    made.close()


@pytest.fixture(scope="module", name="other")
def make_other(platform):
    made = client(platform, "b.test", SCOPES)
    yield made
    made.close()


class Recorder:
    """A media server that has just recorded calls: the collector takes them from its folder."""

    def __init__(self, platform):
        self._platform = platform
        self.sound = random.Random(1).randbytes(4 * FRAMES)

    def settings(self, **columns):
        """Of a.test."""
        db = self._platform.db
        db.rows("DELETE FROM voip.recording_settings WHERE domain_id IS NOT NULL")
        db.rows(f"INSERT INTO voip.recording_settings (domain_id, {', '.join(columns)}) "
                f"SELECT id{', %s' * len(columns)} FROM voip.domains WHERE name = 'a.test'",
                *columns.values())

    def record(self, *domains):
        """The rows of recordings of a call of each tenant, in the store."""
        calls = [self._leave(domain) for domain in domains]
        return [self._wait(call) for call in calls]

    def _leave(self, domain):
        call = str(uuid.uuid4())
        file = self._platform.folder / "recorded.wav"
        with wave.open(str(file), "wb") as out:
            out.setnchannels(2)
            out.setsampwidth(2)
            out.setframerate(8000)
            out.writeframes(self.sound)
        live = self._platform.state / "run/recordings"
        live.mkdir(exist_ok=True)
        shutil.move(file, live / f"{call}_{time.time():.6f}_{domain}.wav")
        return call

    def _wait(self, call):
        find = "SELECT *, id::text AS id FROM voip.recordings WHERE call_id = %s"
        until(lambda: self._platform.db.rows(find, call), 30)
        return self._platform.db.rows(find, call)[0]

    def file(self, row):
        return self._platform.state / "store" / row["path"]


@pytest.fixture(scope="module", name="recorder")
def make_recorder(platform):
    return Recorder(platform)


@pytest.fixture(scope="module", name="recorded")
def make_recorded(recorder):
    """By name; `theirs` is of b.test, the others of a.test."""
    recorder.settings(encrypt=False, format="wav")
    plain, theirs = recorder.record("a.test", "b.test")
    recorder.settings(encrypt=True, format="opus")
    opus, = recorder.record("a.test")
    recorder.settings(encrypt=True, format="wav")
    encrypted, held = recorder.record("a.test", "a.test")
    return {"plain": plain, "opus": opus, "encrypted": encrypted, "held": held, "theirs": theirs}


def samples(data):
    with wave.open(io.BytesIO(data)) as sound:
        return sound.readframes(sound.getnframes())


@pytest.mark.parametrize("name", ["plain", "encrypted"])
def test_ranges(api, recorder, recorded, name):
    """What is heard is what was recorded, from any place on."""
    row = recorded[name]
    stored = recorder.file(row).read_bytes()
    assert (recorder.sound[:64] in stored) == (name == "plain")
    where = f"recordings/{row['id']}/audio"
    found = api.get(where)
    assert (found.status, found.headers["Content-Type"]) == (200, "audio/wav")
    whole = found.raw
    assert samples(whole) == recorder.sound
    assert found.tag == f'"{row["sha256"]}"' and found.headers["Accept-Ranges"] == "bytes"
    assert found.headers["Content-Length"] == str(len(whole))
    assert found.headers["Content-Disposition"] == f'inline; filename="{row["id"]}.wav"'
    chance, size = random.Random(2), len(whole)
    places = [(0, 0), (0, size - 1), (size - 1, size - 1), (65535, 65536), (131072, 131072)]
    places += [sorted(chance.sample(range(size), 2)) for _ in range(10)]
    for first, last in places:
        found = api.get(where, Range=f"bytes={first}-{last}")
        assert found.status == 206
        assert found.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert found.raw == whole[first:last + 1], (first, last)
    for asked, wanted in (("bytes=-100", whole[-100:]), (f"bytes={size - 5}-", whole[-5:]),
                          (f"bytes=-{10 * size}", whole), (f"bytes=0-{10 * size}", whole)):
        found = api.get(where, Range=asked)
        assert (found.status, found.raw) == (206, wanted), asked
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=99999999999999999999-"):
        found = api.get(where, Range=asked)
        assert found.status == 416 and found.headers["Content-Range"] == f"bytes */{size}", asked
    for asked in ("bytes=0-1,5-6", "bytes=5-1", "bytes=x", "lines=0-1"):
        found = api.get(where, Range=asked)
        assert (found.status, found.raw) == (200, whole), asked


def test_conditions(api, recorded):
    row = recorded["encrypted"]
    where, tag = f"recordings/{row['id']}/audio", f'"{row["sha256"]}"'
    for condition, status in ((tag, 206), ('"x"', 200), (f"W/{tag}", 200),
                              ("Sat, 14 Mar 2026 00:00:00 GMT", 200)):
        found = api.get(where, Range="bytes=0-9", If_Range=condition)
        assert found.status == status and (len(found.raw) == 10) == (status == 206), condition
    found = api.get(where, If_None_Match=tag)
    assert (found.status, found.tag, found.raw) == (304, tag, b"")
    found = api.ask("HEAD", where)
    assert (found.status, found.raw) == (200, b"")
    assert int(found.headers["Content-Length"]) > 4 * FRAMES


def test_opus(api, recorded):
    found = api.get(f"recordings/{recorded['opus']['id']}/audio")
    assert (found.status, found.headers["Content-Type"], found.raw[:4]) == \
        (200, "audio/ogg", b"OggS")


def test_rows(platform, api, recorded):
    rows = api.all("recordings", limit=2)
    assert [row["id"] for row in rows] == \
        [recorded[name]["id"] for name in ("held", "encrypted", "opus", "plain")]
    assert [row["encrypted"] for row in rows] == [True, True, True, False]
    one = api.get(f"recordings/{recorded['plain']['id']}").json
    assert one == rows[3] and one["bytes"] == recorded["plain"]["bytes"]
    assert not {"path", "key_id", "domain_id"} & set(one)
    assert api.all("recordings", call_id=one["call_id"]) == [one]
    reader = Api(platform, make_key(platform.db, "a.test", ["cdr:read", "config:write"]), "a.test")
    for method, path in (("GET", ""), ("GET", f"/{one['id']}"), ("GET", f"/{one['id']}/audio"),
                         ("DELETE", f"/{one['id']}")):
        assert reader.ask(method, "recordings" + path).status == 403, (method, path)
    reader.close()


def test_other_tenants(platform, recorder, recorded, api, other):
    """Nothing of another tenant's is read, changed or known to be there."""
    theirs = recorded["theirs"]
    nothing = api.get(f"recordings/{uuid.uuid4()}").raw
    for domain in ("a.test", "b.test"):
        path = f"/domains/{domain}/recordings/{theirs['id']}"
        for method, more, body in (("GET", "", None), ("GET", "/audio", None),
                                   ("DELETE", "", None), ("PATCH", "", {"legal_hold": True})):
            found = api.ask(method, path + more, body)
            assert (found.status, found.raw) == (404, nothing), (domain, method, more)
    assert api.get("/domains/b.test/recordings").raw == nothing
    assert theirs["id"] not in str(api.all("recordings"))
    row = platform.db.rows("SELECT * FROM voip.recordings WHERE id = %s", theirs["id"])[0]
    assert row["delete_asked_at"] is None and not row["legal_hold"]
    assert samples(other.get(f"recordings/{theirs['id']}/audio").raw) == recorder.sound
    assert [row["id"] for row in other.all("recordings")] == [theirs["id"]]


def test_deleted(platform, recorder, recorded, api):
    """A recording that is held stays; released, it is gone at once, and so is its file soon."""
    row = recorded["held"]
    one = f"recordings/{row['id']}"
    audio = one + "/audio"
    assert api.patch(one, {"legal_hold": True}).json["legal_hold"]
    refused = api.delete(one)
    assert refused.status == 409 and "held" in refused.json["detail"]
    assert api.patch(one, {"delete_after": None}).status == 422
    assert api.get(audio).status == 200
    assert api.patch(one, {"legal_hold": False}).status == 200
    tried = api.delete(one, {"dry_run": "true"})
    assert tried.headers["Dialplane-Dry-Run"] == "true" and api.get(audio).status == 200
    done = api.delete(one)
    assert (done.status, done.raw) == (204, b"")
    for refused in (api.get(audio), api.delete(one)):
        assert refused.status == refused.json["status"] == 410
    assert api.patch(one, {"legal_hold": True}).status == 422
    until(lambda: api.get(one).json["deleted_at"], 30)
    assert not recorder.file(row).exists()
    assert api.get(audio).status == 410
    said = platform.db.rows("SELECT * FROM voip.audit_log WHERE object_id = %s "
                            "ORDER BY id DESC LIMIT 1", row["id"])[0]
    assert said["method"] == "DELETE" and said["before"]["call_id"] == str(row["call_id"])
    assert api.post(f"audit-log/{said['id']}/revert", {}).status == 409


def test_retention(platform, recorded, api):
    """What is over age is gone; but what is held is there."""
    row = recorded["plain"]
    one = f"recordings/{row['id']}"
    assert api.patch(one, {"legal_hold": True}).status == 200
    platform.db.rows("UPDATE voip.recordings SET delete_after = now() - interval '1 s' "
                     "WHERE id = %s", row["id"])
    assert api.get(one + "/audio").status == 200
    assert api.patch(one, {"legal_hold": False}).status == 200
    assert api.get(one + "/audio").status == 410


def test_many_are_kept_for_another_time(platform):
    """What is said of 12,000 is answered at once, and is so of all of them soon after."""
    db = platform.db
    api = Api(platform, make_key(db, "b.test"), "b.test")
    db.rows("INSERT INTO voip.recordings (id, call_id, started_at, domain_id, domain, node, path, format,"
            " bytes, duration_ms, sha256) SELECT i, i, now() - interval '1 s' * n, d.id, d.name, 'other',"
            " 'recordings/2026/01/31/' || i || '.wav', 'wav', 1, 1, repeat('0', 64)"
            " FROM (SELECT gen_random_uuid() AS i, n FROM generate_series(1, 12000) n) x, voip.domains d"
            " WHERE d.name = 'b.test'")
    assert api.patch("recording-settings", {"keep_days": 30}).status == 200
    until(lambda: not db.value("SELECT count(*) FROM voip.recordings WHERE node = 'other'"
                               " AND delete_after IS DISTINCT FROM started_at + interval '30 days'"), 60)
    assert api.delete("recording-settings").status == 204
    until(lambda: not db.value("SELECT count(*) FROM voip.recording_recounts"), 60)
    assert not db.value("SELECT count(*) FROM voip.recordings WHERE domain = 'b.test'"
                        " AND delete_after IS NOT NULL")
    db.rows("DELETE FROM voip.recordings WHERE node = 'other'")
    api.close()


def test_none_is_deleted_too_soon(platform, recorder):
    """Of whom not all recordings know how long they are kept now, none goes for its age."""
    db = platform.db
    mine, theirs = recorder.record("a.test", "b.test")
    platform.supervisor.stop_process("collector")
    db.rows("UPDATE voip.recordings SET delete_after = now() - interval '1 s' WHERE id = ANY (%s)",
            [mine["id"], theirs["id"]])
    db.rows("INSERT INTO voip.recording_recounts (domain_id) VALUES (%s)", theirs["domain_id"])
    where = {"host": platform.deployment.node["inside"], "port": platform.deployment["db.port"],
             "user": "dialplane", "dbname": platform.deployment["db.name"],
             "password": platform.secret("db_admin")}

    def gone(row):
        return db.value("SELECT deleted_at IS NOT NULL FROM voip.recordings WHERE id = %s", row["id"])

    # Whoever would go on with it finds it taken.
    with psycopg.connect(**where) as busy:
        busy.execute("SELECT * FROM voip.recording_recounts FOR UPDATE")
        platform.supervisor.start("collector")
        until(lambda: gone(mine), 60)
        assert not gone(theirs) and recorder.file(theirs).exists()
    until(lambda: db.value("SELECT delete_after IS NULL FROM voip.recordings WHERE id = %s",
                           theirs["id"]), 60)
    assert not gone(theirs) and recorder.file(theirs).exists()


def test_not_as_stored(recorder, recorded, api):
    """A file that is missing, cut or changed is never sent as if it were right."""
    row = recorded["encrypted"]
    file, audio = recorder.file(row), f"recordings/{row['id']}/audio"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert api.get(audio, Range="bytes=0-99999").status == 206
    with api.begin(audio) as answer, pytest.raises(http.client.IncompleteRead):
        answer.read()
    file.write_bytes(data[:-17])
    assert api.get(audio).status == 500
    file.unlink()
    refused = api.get(audio)
    assert refused.status == 404 and "missing" in refused.json["detail"]
