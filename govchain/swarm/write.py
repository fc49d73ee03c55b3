"""A case as a scenario file, for `govchain replay` and the regressions. Writes; runs nothing."""

from __future__ import annotations

from pathlib import Path

from govchain.config import write_yaml
from govchain.errors import ConfigError
from govchain.swarm.draw import Case, case_name


def write_case(case: Case, folder: Path) -> Path:
    """Write a case below a folder; its name belongs to it, because the genesis holds it.

    Raises:
        ConfigError: It cannot be written there.
    """
    path = folder / f"{case_name(case)}.yaml"
    head = f"# {case['meta']['title']}\n# {case['meta']['title_zh']}\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(head + write_yaml(case), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", path=str(path)) from error
    return path
