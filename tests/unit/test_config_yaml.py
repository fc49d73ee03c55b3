"""The strict YAML reader: every mistake has its file, line, what was found and what was expected."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest

from govchain.config import (
    BitsPerSecond,
    DurationNs,
    SizeBytes,
    load_yaml,
    parse_document,
    parse_yaml,
    schema_of,
)
from govchain.config.nodes import DEPTH_MAX, NODES_MAX, TEXT_BYTES_MAX
from govchain.errors import ConfigError


class Peer(msgspec.Struct, frozen=True):
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 80


class Crash(msgspec.Struct, frozen=True, tag_field="do", tag="crash"):
    target: str


class Wait(msgspec.Struct, frozen=True, tag_field="do", tag="wait"):
    time: DurationNs


class Sample(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    name: str
    flag: bool = False
    count: int = 1
    ratio: float = 1.0
    price: Decimal = Decimal(0)
    wait: DurationNs = DurationNs(0)
    size: SizeBytes = SizeBytes(0)
    line: BitsPerSecond = BitsPerSecond(0)
    mode: Literal["fast", "safe"] = "safe"
    from_: str | None = None
    peers: tuple[Peer, ...] = ()
    events: tuple[Crash | Wait, ...] = ()
    limit: Literal["none"] | int = "none"
    extra: dict[str, Any] = {}


def read(text: str) -> Sample:
    return parse_yaml(text, Sample, "a.yaml")


def test_every_kind_of_value_is_read() -> None:
    text = """
name: 010
flag: true
count: -3
ratio: 0.5
price: "12.50"
wait: 1.5s
size: 8MiB
line: 1Gbit
mode: fast
from: 2026-11-02
peers: [{host: a, port: 1}, {host: "yes"}]
events:
  - {do: crash, target: x}
  - {do: wait, time: 20ms}
limit: 5
extra: {a: 1, b: "1", c: 1.50, d: true, e: on, f: 26991000000000000001, g: [null, 007], h: 2026-11-02}
"""
    value = read(text)
    assert value == Sample(
        name="010",
        flag=True,
        count=-3,
        ratio=0.5,
        price=Decimal("12.50"),
        wait=DurationNs(1_500_000_000),
        size=SizeBytes(8 * 2**20),
        line=BitsPerSecond(10**9),
        mode="fast",
        from_="2026-11-02",
        peers=(Peer("a", 1), Peer("yes")),
        events=(Crash("x"), Wait(DurationNs(20_000_000))),
        limit=5,
        extra={
            "a": 1,
            "b": "1",
            "c": "1.50",
            "d": True,
            "e": "on",
            "f": "26991000000000000001",
            "g": [None, "007"],
            "h": "2026-11-02",
        },
    )


BAD = [
    ("", "a.yaml: the file is empty; expected a mapping of keys"),
    ("# only a remark\n", "a.yaml: the file is empty; expected a mapping of keys"),
    ("- name", "a.yaml:1: the file: wrong type; found 'a list'; expected a mapping of keys"),
    ("nmae: x", "a.yaml:1: unknown key; found 'nmae'; expected 'name'"),
    ("flag: true", "a.yaml:1: key 'name' is missing"),
    ("name: x\n\nname: y", "a.yaml:3: key 'name' appears twice; first on line 1"),
    ("name: x\nflag: yes", "a.yaml:2: flag: wrong type; found 'yes'; expected true or false, exactly so"),
    ("name: x\nflag: on", "a.yaml:2: flag: wrong type; found 'on'; expected true or false, exactly so"),
    ("name: x\nflag: True", "a.yaml:2: flag: wrong type; found 'True'; expected true or false, exactly so"),
    (
        'name: x\nflag: "true"',
        "a.yaml:2: flag: wrong type; found 'true'; expected true or false, without quotation marks",
    ),
    (
        "name: x\ncount: 010",
        "a.yaml:2: count: wrong type; found '010'; "
        "expected a whole number, plainly written (no leading zero, no _)",
    ),
    (
        "name: x\ncount: 1_000",
        "a.yaml:2: count: wrong type; found '1_000'; "
        "expected a whole number, plainly written (no leading zero, no _)",
    ),
    ("name: x\ncount: 1.0", "a.yaml:2: count: wrong type; found '1.0'; expected a whole number"),
    ("name: x\ncount: 0x10", "a.yaml:2: count: wrong type; found '0x10'; expected a whole number"),
    (
        'name: x\ncount: "1"',
        "a.yaml:2: count: wrong type; found '1'; expected a whole number, without quotation marks",
    ),
    ("name: x\nratio: .inf", "a.yaml:2: ratio: wrong type; found '.inf'; expected a number"),
    (
        "name: x\nwait: 20",
        "a.yaml:2: wait: wrong type; found '20'; expected a duration such as 20ms, 1.5s, 2m, 3h or 7d",
    ),
    (
        "name: x\nwait: 0.1ns",
        "a.yaml:2: wait: wrong type; found '0.1ns'; expected a duration such as 20ms, 1.5s, 2m, 3h or 7d",
    ),
    (
        "name: x\nwait: -1s",
        "a.yaml:2: wait: wrong type; found '-1s'; expected a duration such as 20ms, 1.5s, 2m, 3h or 7d",
    ),
    (
        "name: x\nsize: 1mb",
        "a.yaml:2: size: wrong type; found '1mb'; expected a size such as 512B, 64kB, 10MB or 8MiB",
    ),
    ("name: x\nmode: fats", "a.yaml:2: mode: unknown value; found 'fats'; expected 'fast'"),
    ("name:", "a.yaml:1: name: no value; expected text"),
    ("name: [a]", "a.yaml:1: name: wrong type; found 'a list'; expected text"),
    ("name: x\npeers: {host: a}", "a.yaml:2: peers: wrong type; found 'a mapping'; expected a list"),
    (
        "name: x\npeers:\n  - {host: a}\n  - {hots: b}",
        "a.yaml:4: unknown key in peers[1]; found 'hots'; expected 'host'",
    ),
    ("name: x\npeers:\n  - port: 3", "a.yaml:3: key 'host' is missing in peers[0]"),
    (
        "name: x\npeers: [{host: a, port: 0}]",
        "a.yaml:2: peers[0].port: not allowed; found '0'; expected at least 1",
    ),
    ("name: x\nevents: [{target: a}]", "a.yaml:2: key 'do' is missing in events[0]"),
    (
        "name: x\nevents: [{do: crush, target: a}]",
        "a.yaml:2: events[0].do: unknown value; found 'crush'; expected 'crash'",
    ),
    ("name: &a x", "a.yaml:1: anchor &a; expected no anchors; aliases are refused"),
    ("name: *a", "a.yaml:1: alias *a; expected the value written out; aliases are refused"),
    ("<<: {name: x}", "a.yaml:1: unknown key; found '<<'; expected one of: name, flag, count"),
    (
        "name: !!python/object:os.system x",
        "a.yaml:1: a tag; found 'tag:yaml.org,2002:python/object:os.system'; "
        "expected a plain value without a tag",
    ),
    ("? [a, b]\n: c", "a.yaml:1: a key is not plain text; expected a word before the colon"),
    ("name: x\n---\nname: y", "a.yaml:2: a second document begins here; expected one document a file"),
    ("name: [a", "a.yaml:1: not YAML: expected ',' or ']', but got '<stream end>' (column 9)"),
    (
        "name: x\n\tflag: true",
        "a.yaml:2: not YAML: found character '\\t' that cannot start any token (column 1)",
    ),
    ("name: x\nflag: a\x07b", "a.yaml:2: not YAML: a character that is not allowed (column 8)"),
    ("[" * (DEPTH_MAX + 1), f"a.yaml:1: nested too deeply; expected at most {DEPTH_MAX} levels"),
    ("[" + ",".join("1" * (NODES_MAX + 1)) + "]", f"a.yaml:1: too many values; expected at most {NODES_MAX}"),
    ("#" * (TEXT_BYTES_MAX + 1), f"a.yaml: the file is too large; expected at most {TEXT_BYTES_MAX} bytes"),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[str(index) for index in range(len(BAD))])
def test_a_mistake_names_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_lines_of_values_are_known() -> None:
    loaded = parse_document("name: x\npeers:\n  - host: a\n  - host: b\n", Sample, "a.yaml")
    assert loaded.line("peers", 1, "host") == 4
    assert loaded.line("peers", 1, "port") == 4  # not written: the enclosing part's line
    assert str(loaded.error("no", "peers", 0)) == "a.yaml:3: no"


def test_a_file_is_read_and_unreadable_ones_say_so(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text("﻿name: 市监局", encoding="utf-8")
    assert load_yaml(good, Sample).name == "市监局"
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"name: x\nmode: \xff")
    for path, problem in (
        (tmp_path / "none.yaml", f"{tmp_path}/none.yaml: no such file"),
        (tmp_path, f"{tmp_path}: this is a directory; expected a YAML file"),
        (latin, f"{latin}:2: not UTF-8; expected a file in UTF-8"),
    ):
        with pytest.raises(ConfigError) as caught:
            load_yaml(path, Sample)
        assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("duration_ns", "text"), [(0, "0s"), (1, "1ns"), (20_000_000, "20ms"), (90_000_000_000, "90s")]
)
def test_durations_are_read_in_their_unit(duration_ns: int, text: str) -> None:
    assert parse_yaml(f"name: x\nwait: {text}", Sample).wait == duration_ns


def test_the_schema_says_what_the_reader_wants() -> None:
    schema = schema_of(Sample, title="sample")
    sample = schema["$defs"]["Sample"]
    assert sample["required"] == ["name"]
    assert sample["additionalProperties"] is False
    assert "from" in sample["properties"]
    assert schema["$defs"]["Crash"]["properties"]["do"] == {"const": "crash"}
    assert schema["$defs"]["Peer"]["properties"]["port"]["maximum"] == 65_535
