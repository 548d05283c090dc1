"""Whose rights the daemons have.

Started by root, as on a fresh server, everything that lives in the state folder is made and run by
the system user `dialplane`; root only makes the folder itself. So no file that this user controls
is ever written, or trusted, with root's rights. Started by anybody else, it is that person.
"""

import os
import pwd
import subprocess

from .errors import FrontError

USER = "dialplane"


class Account:
    """The user the daemons run as, and how to run a command as that user."""

    def __init__(self):
        self.is_switch = os.geteuid() == 0
        self.name = USER if self.is_switch else pwd.getpwuid(os.geteuid()).pw_name
        try:
            self.uid = pwd.getpwnam(self.name).pw_uid
        except KeyError:
            raise FrontError(f"there is no user {USER} for the daemons to run as: "
                             "run scripts/setup run") from None

    def command(self, argv, home, **variables):
        """argv with the user's rights, no way to more, and only these environment variables."""
        switch = [f"--reuid={self.name}", f"--regid={self.name}", "--init-groups"]
        environment = {"PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
                       "HOME": home, "USER": self.name, "LOGNAME": self.name,
                       "LC_ALL": "C.UTF-8", "TZ": "UTC", **variables}
        return (["setpriv", *(switch if self.is_switch else []), "--no-new-privs", "env", "-i"]
                + [f"{key}={value}" for key, value in environment.items()]
                + [str(arg) for arg in argv])

    def may_use(self, folder):
        """Whether the user can reach this folder, or the nearest one above that exists."""
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        test = self.command(["test", "-x", folder], "/")
        return subprocess.run(test, check=False).returncode == 0
