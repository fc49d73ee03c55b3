"""Which runs a sweep consists of: every combination of the given values, each under the same seeds.

Each value is checked as if it stood in the scenario file, before anything runs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from govchain.config import Setting
from govchain.errors import ConfigError
from govchain.scenario import LoadedScenario, parse_scenario

CELLS_MAX: Final = 1_000
_FIXED: Final = {"seed": "--seed and --repeats", "govchain": "nothing: it is the version of the format"}
"""Keys that are not for `--set`, and what is instead."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter and the values that it takes, as spelled."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioText:
    """A scenario as it was read: what travels to whoever plays it."""

    text: str
    path: str
    folder: Path
    """What file names in it are relative to; whoever plays it needs those files at the same place."""


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """All runs of a sweep.

    Attributes:
        base: The scenario without settings.
        source: The same, to travel.
        cells: One tuple of settings for each combination of values, in the order of the axes.
        seeds: Of the repeats of each cell.
        is_symbolic: Validators sign symbolically.
    """

    base: LoadedScenario
    source: ScenarioText
    axes: tuple[Axis, ...]
    cells: tuple[tuple[Setting, ...], ...]
    seeds: tuple[int, ...]
    is_symbolic: bool = True


def parse_axis(text: str) -> Axis:
    """An axis from `key=a,b,c`.

    Raises:
        ConfigError: It is not spelled so.
    """
    key, sign, rest = text.partition("=")
    values = tuple(value.strip() for value in rest.split(","))
    if not sign or not all(key.strip().split(".")) or not all(values):
        raise ConfigError("--set is misspelled", found=text, expected="key=value,value,…")
    if len(set(values)) < len(values):
        raise ConfigError("--set names a value twice", found=text, expected="different values")
    return Axis(key.strip(), values)


def plan_sweep(
    base: LoadedScenario,
    axes: Sequence[Axis],
    *,
    repeats: int | None,
    seed: int | None,
    is_symbolic: bool = True,
) -> SweepPlan:
    """The plan of a sweep.

    Args:
        base: The scenario.
        axes: Parameters and values; none gives one cell, the scenario itself.
        repeats: Seeds for each cell, counted up from the first; None takes those of the scenario.
        seed: The first seed, instead of the scenario's own.
        is_symbolic: Validators sign symbolically.

    Raises:
        ConfigError: A key or a value does not fit, or there are too many runs.
    """
    source = ScenarioText(base.source.text, base.source.path, base.folder.absolute())
    for axis in axes:
        if axis.key in _FIXED:
            raise ConfigError("--set cannot change this", found=axis.key, expected=_FIXED[axis.key])
        if [each.key for each in axes].count(axis.key) > 1:
            raise ConfigError("--set names a key twice", found=axis.key, expected="each key once")
        # One by one first, so that an error names the one value that is wrong.
        for value in axis.values:
            load_with(source, (Setting(axis.key, value),))
    cells = list(
        itertools.islice(
            itertools.product(*([Setting(axis.key, value) for value in axis.values] for axis in axes)),
            CELLS_MAX + 1,
        )
    )
    if len(cells) > CELLS_MAX:
        raise ConfigError("too many combinations", expected=f"at most {CELLS_MAX}")
    for cell in cells:
        load_with(source, cell)
    first = base.scenario.seed if seed is None else seed
    count = base.scenario.repeat.seeds if repeats is None else repeats
    seeds = tuple(range(first, first + count))
    return SweepPlan(base, source, tuple(axes), tuple(cells), seeds, is_symbolic)


def load_with(source: ScenarioText, settings: Sequence[Setting]) -> LoadedScenario:
    """The scenario with settings instead of what its file says.

    Raises:
        ConfigError: They do not fit; names the settings, because the file alone is sound.
    """
    try:
        return parse_scenario(source.text, source.path, source.folder, settings)
    except ConfigError as error:
        if error.path is not None and error.path.startswith("--set "):
            raise
        raise ConfigError(
            error.problem,
            path=" ".join(f"--set {each}" for each in settings),
            found=error.found,
            expected=error.expected,
            hint=error.hint,
        ) from error
