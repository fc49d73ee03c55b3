"""Other versions of Python on this machine, each with the locked runtime dependencies.

`make setup-pythons` finds them and sets them up inside `.venv`, once for each state of `requirements.lock`.
Standard library only, and nothing is run in them here.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
LOCK: Final = ROOT / "requirements.lock"
SUPPORTED: Final = ("3.11", "3.12", "3.13")
OTHERS: Final = tuple(each for each in SUPPORTED if each != f"{sys.version_info[0]}.{sys.version_info[1]}")
"""Versions that must show the same as the one that runs."""


def find(version: str) -> str | None:
    """An interpreter of that version: on the path, or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    return next((each for each in (f"python{version}", *map(str, installed)) if _is_usable(each)), None)


def prepared(version: str) -> Path | None:
    """The interpreter with the dependencies of today's lock file; None before `make setup-pythons`."""
    place = _place(version)
    try:
        is_current = (place / ".lock").read_text(encoding="ascii") == _lock_digest()
    except OSError:
        return None
    return place / "bin" / "python" if is_current else None


def compiled() -> dict[str, str] | None:
    """Environment in which govchain is compiled; None when that was not made of the sources of now."""
    place = Path(sys.prefix) / "compiled"
    sources = [each.relative_to(ROOT) for each in (ROOT / "govchain").rglob("*.py")]
    if not all(_is_equal(ROOT / each, place / each) for each in sources):
        return None
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(place)}


def _is_equal(source: Path, installed: Path) -> bool:
    return installed.is_file() and installed.read_bytes() == source.read_bytes()


def prepare(versions: tuple[str, ...]) -> int:
    """Set up those that are found and not ready, side by side; exit status."""
    running = []
    for version in versions:
        python = None if prepared(version) else find(version)
        if python is not None:
            print(f"Setting up Python {version} beside {sys.version.split()[0]}", flush=True)
            place = _place(version)
            subprocess.run([python, "-m", "venv", "--clear", "--without-pip", str(place)], check=True)
            running.append((version, subprocess.Popen(_install(place))))
    failed = [version for version, process in running if process.wait()]
    for version, _ in running:
        if version not in failed:
            (_place(version) / ".lock").write_text(_lock_digest(), encoding="ascii")
    for version in failed:
        print(f"setup-pythons: Python {version} could not be set up; see above", file=sys.stderr)
    return 1 if failed else 0


def _install(place: Path) -> list[str]:
    # The pip that is here installs for the other interpreter, which needs none of its own.
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    return [
        *pip,
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "--require-hashes",
        "-r",
        str(LOCK),
    ]


def _place(version: str) -> Path:
    return Path(sys.prefix) / "pythons" / version


def _lock_digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _is_usable(python: str) -> bool:
    try:
        return subprocess.run([python, "-c", "import venv"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(prepare(OTHERS))
