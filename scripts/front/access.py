"""The first operator and the first key of the API: made where there are none, told this once."""

import json

OPERATOR = "admin"
KEY = "first key"


def create(state, sql):
    """
    Makes them in a database that has neither operators nor keys. Returns (password, key), of which
    the database keeps digests only, or None if there was one already.
    """
    if sql.run("SELECT EXISTS (SELECT FROM voip.operators)"
               " OR EXISTS (SELECT FROM voip.api_keys);") == "t":
        return None

    def dialplane(*argv):
        return json.loads(state.run([state / "bin/dialplane", *argv, "-s", state, "--json"]))

    operator = dialplane("operator", "add", OPERATOR, "--role", "platform-admin", "--generate")
    key = dialplane("key", "add", KEY, "--scopes", "all")
    return operator["password"], key["key"]


def describe(made, state, deployment):
    """The lines that say how to manage the platform."""
    where = f"http://{deployment.node['inside']}:{deployment['control.api_port']}/api/v1"
    program = f"{state / 'bin/dialplane'} %s -s {state}"
    lines = ["", f"To manage it: {where}", ""]
    if made:
        lines += [f"    operator {OPERATOR}, password {made[0]}", f"    API key {made[1]}",
                  "    Neither is shown again."]
    else:
        lines += ["    the first operator and key were shown at the first start. New ones:",
                  f"    {program % f'operator password {OPERATOR}'}",
                  f"    {program % 'key add NAME --scopes all'}"]
    return lines
