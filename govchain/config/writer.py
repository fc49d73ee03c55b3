"""Plain values as YAML text that this package reads again. The opposite of `nodes`; writes no file."""

from __future__ import annotations

from typing import Any, Final

import yaml

_COLUMNS: Final = 110


def write_yaml(value: Any) -> str:
    """A value of dictionaries, lists, texts and numbers as YAML, keys in their order."""
    return yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=_COLUMNS,
        default_flow_style=None,
    )


class _Dumper(yaml.SafeDumper):
    """The reader refuses aliases, so a value that stands in two places is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
