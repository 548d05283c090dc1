"""The TypeScript client: made from the document, it type-checks and does what the API does."""

import re
import subprocess

from lib.platform import PROGRAM

PASSWORD = "Correct.Horse.7.Battery"


def test_document(api):
    """What the program prints is what it serves."""
    printed = subprocess.run([PROGRAM, "openapi"], stdout=subprocess.PIPE, check=True, timeout=60).stdout
    assert printed == api.get("/openapi.json").raw
    refused = subprocess.run([PROGRAM, "openapi", "x"], capture_output=True, check=False, timeout=60)
    assert refused.returncode == 2 and not refused.stdout


def test_client(web, api, platform):
    """Types are checked, among them uses that have to be refused; then real operations are done."""
    web("npm", "run", "build")
    assert api.post("operators", {"name": "web", "role": "tenant-admin", "password": PASSWORD}).status == 201
    where = f"{platform.deployment.node['inside']}:{platform.deployment['control.api_port']}"
    said = web("npm", "test", API_SERVER=f"http://{where}", API_KEY=api.key,
               OPERATOR="web@a.test", OPERATOR_PASSWORD=PASSWORD, NO_COLOR="1")
    counts = dict(re.findall(r"^. (pass|fail|skipped) (\d+)$", said, re.M))
    assert counts == {"pass": "5", "fail": "0", "skipped": "0"}, said
