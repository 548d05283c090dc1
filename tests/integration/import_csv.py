"""`dialplane import` in the platform's folder."""

import re


class Import:
    """The verb; files are made for it, and are called as their sections."""

    def __init__(self, platform, domain):
        self._state = platform.state
        self._domain = domain
        self.folder = platform.folder / "csv"
        self.folder.mkdir()
        self.folder.chmod(0o755)

    def write(self, section, text):
        path = self.folder / f"{section}.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(0o644)
        return path

    def command(self, *operands, domain=None):
        return [self._state / "bin/dialplane", "import", domain or self._domain, *operands, "-s",
                self._state]

    def run(self, section, text, *options, domain=None):
        """Status, what was counted (added, there, wrong), and bad lines as (line, reason)."""
        path = self.write(section, text)
        done = self._state.try_run(self.command(section, path, *options, domain=domain))
        counts = [int(number) for number in re.findall(r"\d+", done.stdout)]
        lines = [line.removeprefix(f"{path}:").split(": ", 1) for line in done.stderr.splitlines()]
        return done.returncode, counts, lines

    def take(self, product, *options, **texts):
        """The same of exports of a product, by section; lines as (section, line, reason)."""
        operands = [part for section, text in texts.items()
                    for part in (section, self.write(section, text))]
        done = self._state.try_run(self.command("--from", product, *operands, *options))
        counts = [int(number) for number in re.findall(r"\d+", done.stdout)]
        said = done.stderr.replace(f"{self.folder}/", "").splitlines()
        lines = [re.match(r"(\w+)\.csv:(?:(\d+):)? ?(.*)", line) for line in said]
        assert all(lines), said
        return done.returncode, counts, [line.groups() for line in lines], done.stdout + done.stderr

    def refused(self, product, section, text):
        """Status, counts and what is said of a file that is refused as a whole."""
        done = self._state.try_run(self.command("--from", product, section, self.write(section, text)))
        return done.returncode, re.findall(r"\d+ added", done.stdout), done.stderr
