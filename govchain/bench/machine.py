"""The machine that figures were measured on: enough to compare them, not enough to identify it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psutil

import govchain

_LIBRARIES: Final = ("cryptography", "pynacl", "msgspec", "rocksdict", "aiohttp", "uvloop")


def describe_machine() -> dict[str, Any]:
    """Processor, cores, memory, interpreter and versions; no host name and no user."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 1,
        "memory_mb": psutil.virtual_memory().total // 1_000_000,
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "govchain": govchain.__version__,
        "compiled": is_compiled(),
        "libraries": {name: version for name in _LIBRARIES if (version := _version(name))},
    }


def is_compiled() -> bool:
    """Whether the hot modules are machine code (`make compiled`); nothing but speed depends on it."""
    return any(Path(govchain.__file__).parent.glob("consensus/replica.*.so"))


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
