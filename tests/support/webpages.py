"""The live pages of the product, as their tests read them: what is handed out, and the code behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from govchain.api import dashboard
from govchain.gateway import portal_page
from govchain.webpage import SHARED, Page
from tests.architecture.sources import PACKAGE

_PAIR = re.compile(r'(\w+): \["((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\]')


@dataclass(frozen=True, slots=True)
class LivePage:
    """One page and where it comes from."""

    folder: Path
    page: Page
    scripts: tuple[str, ...]

    @property
    def code(self) -> str:
        """Every script but the words."""
        return "\n".join(self._read(name) for name in self.scripts if name != "words.js")

    @property
    def words(self) -> dict[str, tuple[str, str]]:
        """Key to English and Chinese."""
        return {key: (en, zh) for key, en, zh in _PAIR.findall(self._read("words.js"))}

    def _read(self, name: str) -> str:
        folder = PACKAGE / "webpage" if name in SHARED else self.folder
        return (folder / name).read_text(encoding="utf-8")


DASHBOARD = LivePage(PACKAGE / "api" / "dashboard", dashboard.dashboard_page(), dashboard.SCRIPTS)
PORTAL = LivePage(PACKAGE / "gateway" / "portal_page", portal_page.portal_page(), portal_page.SCRIPTS)
