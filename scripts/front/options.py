"""What the scripts of the front door are told, by options or, as `make` does, by variables."""

import argparse
import os
from pathlib import Path

from .account import Account
from .deployment import Deployment
from .errors import FrontError
from .platform import Platform
from .state import State, choose_folder

CLONE = Path(__file__).resolve().parents[2]


def parser(description):
    """The options that all scripts share; each has its default from a variable."""
    made = argparse.ArgumentParser(description=description)

    def add(*names, variable, fallback="", **more):
        made.add_argument(*names, default=os.environ.get(variable) or fallback, **more,
                          metavar=variable)

    add("-s", "--state", variable="STATE", help="state folder (var/ in the clone)")
    add("-c", "--config", variable="CONFIG", fallback=CLONE / "deploy/single.yaml",
        help="deployment file (deploy/single.yaml)")
    add("--host", variable="HOST", help="address for phones, instead of the file's")
    add("--media", variable="MEDIA", help="freeswitch or asterisk, instead of the file's",
        choices=["", "auto", "freeswitch", "asterisk"])
    add("--kamailio", variable="KAMAILIO", choices=["", "5", "6"],
        help="6: Kamailio 6.0 from Debian 13's packages, unpacked into the state folder")
    add("--program", variable="PROGRAM", fallback=CLONE / "build/src/cmd/dialplane",
        help="the program (build/src/cmd/dialplane)")
    return made


def open_state(options):
    """(state, remark) of the options; the folder exists afterwards."""
    account = Account()
    folder, remark = choose_folder(options.state, CLONE, account)
    state = State(folder, account)
    state.make()
    return state, remark


def open_deployment(state):
    """The deployment of a folder in which the platform was started before."""
    try:
        return Deployment(state / "etc/deploy.yaml")
    except OSError as reason:
        raise FrontError(f"the platform was never started in {state}: {reason.strerror}") from None


def open_platform(state, options, report):
    """The platform that the options describe."""
    program = Path(options.program)
    if not program.exists():
        raise FrontError(f"{program} is not built yet: make build")
    config = Path(options.config).resolve()
    if not config.exists():
        raise FrontError(f"there is no deployment file {config}")
    return Platform(state, CLONE, program, config, report, host=options.host,
                    media=options.media, kamailio=options.kamailio)
