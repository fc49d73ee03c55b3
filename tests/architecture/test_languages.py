"""What people read exists in English and Chinese, and the two cannot drift apart in silence.

Prose is not compared. What both pages must share is: headings, tables, code, and where links lead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, repository_files, shown

ENGLISH_ONLY = (
    "docs/adr/",
    "tests/golden/README.md",
    "CHANGELOG.md",
)
"""For those who change the program; everything else has a reader who uses it."""

LINES_BEFORE_THE_LINK_MAX = 10

TERMS = ROOT / "docs" / "reference" / "terms.md"

HAN = r"[\u3400-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,;:?!()]|[,;?!(]{HAN}|{HAN}\.(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Page:
    """What two pages in different languages can be compared by."""

    lines: tuple[str, ...]
    """Without fenced code."""
    fences: int

    def headings(self) -> list[str]:
        """Level of each heading."""
        return [line.split(" ")[0] for line in self.lines if re.match(r"#+ ", line)]

    def code(self) -> set[str]:
        """Everything in back quotes: what stands there is the same in every language."""
        return set(re.findall(r"`([^`\n]+)`", "\n".join(self.lines)))

    def table_rows(self) -> int:
        return sum(line.startswith("|") for line in self.lines)

    def links(self) -> set[str]:
        return set(re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", "\n".join(self.lines)))


def read_page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    prose, fences = re.subn(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return Page(tuple(prose.splitlines()), fences)


def twin_of(path: Path) -> Path:
    return path.with_name(f"{path.stem}.zh{path.suffix}")


def english_pages() -> list[Path]:
    pages = [path for path in repository_files() if path.suffix == ".md" and not path.stem.endswith(".zh")]
    return [path for path in pages if not shown(path).startswith(ENGLISH_ONLY)]


def chinese_pages() -> list[Path]:
    return [path for path in repository_files() if path.name.endswith(".zh.md")]


PAIRS = [path for path in english_pages() if twin_of(path).is_file()]
pairs = pytest.mark.parametrize("english", PAIRS, ids=shown)


def test_every_page_has_its_chinese_twin() -> None:
    missing = [shown(path) for path in english_pages() if not twin_of(path).is_file()]
    assert not missing, f"no Chinese page beside {missing}"


def test_every_chinese_page_has_its_english_twin() -> None:
    known = {twin_of(path) for path in english_pages()}
    assert not [shown(path) for path in chinese_pages() if path not in known]


@pairs
def test_twins_link_to_each_other_at_the_top(english: Path) -> None:
    chinese = twin_of(english)
    for page, word, other in ((english, "中文", chinese), (chinese, "English", english)):
        top = "\n".join(page.read_text(encoding="utf-8").splitlines()[:LINES_BEFORE_THE_LINK_MAX])
        assert re.search(rf"{word}[^\n]*\]\({re.escape(other.name)}\)", top), (
            f"{shown(page)}: a link “{word}” to {other.name} belongs into its first lines"
        )


@pairs
def test_twins_name_the_same_code(english: Path) -> None:
    one, other = read_page(english).code(), read_page(twin_of(english)).code()
    assert one == other, f"only English: {sorted(one - other)}; only Chinese: {sorted(other - one)}"


@pairs
def test_twins_have_the_same_shape(english: Path) -> None:
    one, other = read_page(english), read_page(twin_of(english))
    assert one.headings() == other.headings(), "headings"
    assert one.table_rows() == other.table_rows(), "rows of tables"
    assert one.fences == other.fences, "blocks of code"


@pairs
def test_twins_lead_to_the_same_places_each_in_its_language(english: Path) -> None:
    chinese = twin_of(english)
    wanted = set()
    for link in read_page(english).links() - {chinese.name}:
        target = english.parent / link
        is_translated = twin_of(target).is_file()
        wanted.add(str(Path(link).with_name(twin_of(target).name)) if is_translated else link)
    found = read_page(chinese).links() - {english.name}
    assert found == wanted, f"missing: {sorted(wanted - found)}; too many: {sorted(found - wanted)}"
    assert all((chinese.parent / link).exists() for link in found)


@pytest.mark.parametrize("page", chinese_pages(), ids=shown)
def test_chinese_is_punctuated_in_full_width(page: Path) -> None:
    prose = [re.sub(r"`[^`\n]+`|\]\([^)]*\)", "]", line) for line in read_page(page).lines]
    found = [line for line in prose if HALF_WIDTH.search(line)]
    assert not found, f"{shown(page)}: {found}"


def cells_of(page: Path) -> list[list[str]]:
    """Rows of a page's tables without those above the line, cell by cell."""
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_both_pages_of_terms_pair_the_same_words_each_once() -> None:
    english = [(row[1], row[0]) for row in cells_of(TERMS)]
    chinese = [(row[0], row[1]) for row in cells_of(twin_of(TERMS))]
    terms = [pair for pair in chinese if pair[0] != "术语"]
    assert terms == [pair for pair in english if pair[1] != "term"]
    for words in zip(*terms, strict=True):
        assert len(words) == len(set(words)), "a word stands for two things"


def test_no_text_uses_a_word_that_the_terms_advise_against() -> None:
    rows = [row for row in cells_of(twin_of(TERMS)) if row[-1] not in {"", "不写作"}]
    advice = {unwanted: row[0] for row in rows for unwanted in row[-1].split("、")}
    assert advice
    found = []
    for path in repository_files():
        if path.suffix in {".md", ".py", ".js", ".html", ".yaml"} and path != twin_of(TERMS):
            text = "" if shown(path).startswith("tests/") else path.read_text(encoding="utf-8")
            found += [
                f"{shown(path)}: {unwanted}; write {term}"
                for unwanted, term in advice.items()
                if unwanted in text
            ]
    assert not found, "\n".join(found)


def test_the_comparison_itself_notices_what_it_should(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "# A\n\n| `x` |\n\n```\n# no heading `y`\n```\n[b](b.md) [c](https://c)\n", encoding="utf-8"
    )
    page = read_page(path)
    assert (page.headings(), page.table_rows(), page.fences) == (["#"], 1, 1)
    assert page.code() == {"x"}
    assert page.links() == {"b.md"}
    assert HALF_WIDTH.search("记录,证明")
    assert not HALF_WIDTH.search("记录，证明（RFC 9162）")
