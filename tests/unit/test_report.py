"""The page of a run and its trace: complete in themselves, the same for equal runs, and deaf to markup."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from govchain.codec import encode
from govchain.consensus import SignedMessage
from govchain.report import Reporter, render_page
from govchain.report.chrome import ChromeTrace
from govchain.report.film import LOST, MESSAGES_MAX, Film, read_message
from govchain.report.phrases import PROMISES
from govchain.scenario import SimBackend, parse_scenario, run_scenario
from govchain.scenario.timeline import BEHAVIOURS, Fault, FaultKind
from govchain.sim import INVARIANTS, TraceEvent, WireFrame
from tests.support.scenario_texts import PROJECT, SMALL

ASSETS = PROJECT / "govchain" / "report" / "assets"
HOSTILE = '</script><script>x()</script><img src=x onerror=x()> @@data@@ & "q"\u2028.'
CRASH = SMALL + "timeline:\n  - {after: deposit, do: crash, target: primary, for: 4s}\n"


def write_run(folder: Path, text: str) -> Path:
    """Play a text with a report; the folder of the run."""
    loaded = parse_scenario(text, "story.yaml", PROJECT)
    reporter = Reporter(folder, loaded.name, loaded.scenario.seed)
    backend = SimBackend(listener=reporter.add_event, on_wire=reporter.add_frame)
    asyncio.run(run_scenario(loaded, backend, folder=reporter))
    return reporter.path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which the primary crashes once."""
    return write_run(tmp_path_factory.mktemp("run"), CRASH)


def scripts_of(page: str) -> list[str]:
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def own_part_of(page: str) -> str:
    """The page without the library's script."""
    return page.replace(scripts_of(page)[0], "")


def test_equal_runs_have_equal_pages_and_traces(run: Path, tmp_path: Path) -> None:
    again = write_run(tmp_path, CRASH)
    for name in ("report.html", "trace.chrome.json", "trace.jsonl", "results.json"):
        assert (again / name).read_bytes() == (run / name).read_bytes(), name


def test_watching_the_wire_changes_no_digest(run: Path) -> None:
    unwatched = asyncio.run(run_scenario(parse_scenario(CRASH, "story.yaml", PROJECT), SimBackend()))
    assert json.loads((run / "results.json").read_bytes())["digest"] == unwatched.digest


def test_page_asks_the_network_for_nothing(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert not re.search(r"https?:|//\w+\.", policy[1])
    assert not re.findall(r"https?://", own_part_of(page))
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", own_part_of(page))


def test_policy_allows_the_scripts_of_the_page_and_no_other(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    wanted = [
        "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in scripts_of(page)
    ]
    assert len(wanted) == 5
    assert re.findall(r"sha256-[^']+", page.split("</head>")[0]) == wanted


@pytest.mark.parametrize("name", [path.name for path in sorted(ASSETS.glob("*.js"))])
def test_scripts_make_no_markup_and_send_nothing(name: str) -> None:
    text = (ASSETS / name).read_text(encoding="utf-8")
    for banned in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "import(",
    ):
        assert banned not in text, f"{name}: {banned}"


def test_a_page_tells_on_which_basis_was_asked_and_not_what_was_told(tmp_path: Path) -> None:
    shipped = PROJECT / "scenarios" / "045-one-question-between-departments.yaml"
    page = (write_run(tmp_path, shipped.read_text(encoding="utf-8")) / "report.html").read_text(
        encoding="utf-8"
    )
    asked = {step["id"]: step["asked"] for step in data_of(page)["steps"]}
    assert asked["query"] == [
        [
            "asked under grant G-2026-1 for hpf-loan, with consent C-2026-1",
            "依据授权 G-2026-1，用途 hpf-loan，本人同意 C-2026-1",
        ],
        [
            "told status as yes or no, sealed to the asking department; signed by both on the chain",
            "答复 status：仅答是或否，密封送达查询部门；双方签名上链",
        ],
    ]
    assert [len(asked[name]) for name in ("no-consent", "consent")] == [1, 0]
    assert "married" not in json.dumps(data_of(page))


def test_markup_in_a_scenario_stays_text(tmp_path: Path) -> None:
    quoted = "'" + HOSTILE + "'"
    text = (
        SMALL.replace("title: A deposit", f"title: {quoted}, title_zh: {quoted}, why: {quoted}")
        .replace("name: Platform", f"name: {quoted}")
        .replace("    by: clerk\n", f"    by: clerk\n    title: {quoted}\n")
    )
    page = (write_run(tmp_path, text) / "report.html").read_text(encoding="utf-8")
    assert "<img" not in own_part_of(page)
    assert len(scripts_of(page)) == 5
    assert data_of(page)["title"] == [HOSTILE, HOSTILE]
    assert data_of(page)["organisations"][0]["name"][0] == HOSTILE
    assert data_of(page)["steps"][0]["text"][0] == HOSTILE
    assert "\u2028" not in page.split("</title>")[1].replace(scripts_of(page)[0], "")


def test_every_word_of_the_pages_exists_in_both_languages() -> None:
    words = (ASSETS / "words.js").read_text(encoding="utf-8")
    known = {
        (name or quoted): (en, zh)
        for name, quoted, en, zh in re.findall(
            r'(?:(\b\w+)|"([\w-]+)"):\s*\[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\s*\]', words
        )
    }
    used = set()
    for path in ASSETS.glob("*.js"):
        for inside in re.findall(r"\bt\(([^()]*)\)", path.read_text(encoding="utf-8")):
            used |= set(re.findall(r'(?<!=== )"([\w-]+)"', inside))
        used |= set(re.findall(r'\bsection\("([\w-]+)"', path.read_text(encoding="utf-8")))
    assert len(used) > 60
    assert used <= set(known), sorted(used - set(known))
    assert {f"fault_{kind}" for kind in get_args(FaultKind)} <= set(known)
    fields = {field.name: field.type for field in msgspec.structs.fields(Fault)}
    told = [*BEHAVIOURS, "censor", *get_args(fields["disk"]), "join", "leave"]
    assert {f"how_{each}" for each in told if each != "keep"} <= set(known)
    for key, (en, zh) in known.items():
        assert en, key
        assert zh, key
        assert set(re.findall(r"\{\d\}", en)) == set(re.findall(r"\{\d\}", zh)), key


def test_page_tells_verdict_faults_records_and_lanes(run: Path) -> None:
    data = data_of((run / "report.html").read_text(encoding="utf-8"))
    assert data["result"]["verdict"] == "pass"
    assert [fault["do"] for fault in data["result"]["faults"]] == ["crash"]
    assert data["lives"] == [{"object": "evidence/EVP-1", "steps": [0]}]
    assert data["organisations"][0]["flows"] == [["evidence.deposit", "applied", 1]]
    film = data["film"]
    assert set(film["kinds"]) >= {"proposal", "prepare", "commit", "attestation"}
    assert [span[2] for span in film["down"][0]] == ["crash"]
    assert all(row[1] == LOST or row[1] > row[0] for row in film["messages"])
    assert sum(data["chart"]["per_s"]) * data["chart"]["bin_ms"] / 1000 == pytest.approx(1)


def test_a_run_that_nobody_watched_has_a_page_without_lanes(tmp_path: Path) -> None:
    loaded = parse_scenario(SMALL, "story.yaml", PROJECT)
    reporter = Reporter(tmp_path, "story", 42)
    asyncio.run(run_scenario(loaded, SimBackend(), folder=reporter))
    assert data_of((reporter.path / "report.html").read_text(encoding="utf-8"))["film"] is None
    assert not (reporter.path / "trace.chrome.json").exists()


def test_chrome_trace_has_a_closed_span_for_each_seq_and_validator(run: Path) -> None:
    events = json.loads((run / "trace.chrome.json").read_bytes())["traceEvents"]
    spans: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for event in events:
        if event["ph"] == "b":
            spans[event["pid"], event["cat"], event["id2"]["local"]].append(event["name"])
        elif event["ph"] == "e":
            # The innermost ends first: viewers nest by order.
            assert spans[event["pid"], event["cat"], event["id2"]["local"]].pop() == event["name"]
    assert not any(spans.values())
    assert {pid for pid, cat, _ in spans if cat == "seq"} == {2, 3, 4, 5}
    assert {event["name"] for event in events if event["ph"] == "M"} == {"process_name", "process_sort_index"}
    named = {event["name"] for event in events}
    assert named >= {"seq", "proposed", "prepared", "committed", "executed", "crash", "final"}
    numbers = [event["args"]["seq"] for event in events if event["ph"] == "b" and event["name"] == "seq"]
    assert set(numbers) == set(range(1, max(numbers) + 1))


NUMBER = (int, float)
EVENT_KEYS: dict[str, dict[str, type | tuple[type, ...]]] = {
    # Nestable async spans, by category and an id of their process: one of all is shown in no track group.
    "b": {"ts": NUMBER, "cat": str, "id2": dict},
    "e": {"ts": NUMBER, "cat": str, "id2": dict},
    "i": {"ts": NUMBER, "cat": str, "s": str},
    # A viewer calls a counter by category and name.
    "C": {"ts": NUMBER, "cat": str, "args": dict},
    "M": {"args": dict},
}
"""Phase to the keys that the trace-event format demands of it, besides `ph`, `pid`, `tid` and `name`."""
METADATA = {"process_name": ("name", str), "process_sort_index": ("sort_index", int)}


def test_chrome_trace_keeps_to_the_trace_event_format(run: Path) -> None:
    whole = json.loads((run / "trace.chrome.json").read_bytes())
    assert whole.keys() == {"traceEvents", "displayTimeUnit"}
    assert whole["displayTimeUnit"] in ("ms", "ns")
    spans: dict[tuple[int, str, str], list[tuple[str, float]]] = defaultdict(list)
    phases = set()
    for event in whole["traceEvents"]:
        phases.add(event["ph"])
        wanted = {"ph": str, "pid": int, "tid": int, "name": str, **EVENT_KEYS[event["ph"]]}
        for key, kind in wanted.items():
            assert isinstance(event[key], kind), (key, event)
        assert event.get("ts", 0) >= 0
        assert isinstance(event.get("args", {}), dict)
        span = (event["pid"], event.get("cat", ""), event.get("id2", {}).get("local", ""))
        match event["ph"]:
            case "b":
                spans[span].append((event["name"], event["ts"]))
            case "e":
                name, began = spans[span].pop()
                assert (name, began <= event["ts"]) == (event["name"], True), "spans are nested"
            case "i":
                assert event["s"] in ("g", "p", "t")
            case "C":
                assert all(isinstance(value, NUMBER) for value in event["args"].values())
            case "M":
                key, kind = METADATA[event["name"]]
                assert isinstance(event["args"][key], kind)
    assert phases == EVENT_KEYS.keys()
    assert not any(spans.values())


WORDS_LEFT = re.compile(r"[a-z]+(?: [a-z]+)+")
"""Two English words in a row."""


@pytest.mark.parametrize(
    "more",
    [
        "timeline:\n  - {after: deposit, do: crash, target: primary, for: 4s}\n"
        "expect:\n  happened: [{crash: '== 1'}, {view_change: '>= 0'}, {lie: '== 0'}, {epoch: '== 0'}]\n"
        "  liveness: [{finalised: '>= 1'}, {within: 5s, after: crash}, {within: 5s, after: heal_all}]\n"
        "  performance: [{no_progress: '<= 2 view timeouts', after: crash primary},"
        " {no_progress: '<= 5s', after: pause, at: median}]\n"
        "  records: [{record: evidence/EVP-1, state: DEPOSITED}, {denials: {E1: 0}}]\n"
        "workload: [{org: evp, rate: {closed_loop: 1}, to: 2s}]\n",
        "timeline:\n  - {at: 0s, do: partition, groups: [[validator-0, validator-1], rest]}\n"
        "stop: {at: 1s}\n",
        "timeline:\n  - {at: 0s, do: revoke_key, person: judge}\n"
        "workload: [{org: evp, rate: {closed_loop: 1}, to: 1s, mix: [{do: case.open,"
        " with: {matter: No, parties: []}}]}]\n",
    ],
)
def test_expectations_and_promises_are_told_in_chinese(more: str, tmp_path: Path) -> None:
    small = SMALL.replace("steps:", "  - {id: boss, org: court, roles: [admin]}\nsteps:")
    path = write_run(tmp_path, small + more)
    data = data_of((path / "report.html").read_text(encoding="utf-8"))
    result = json.loads((path / "results.json").read_bytes())
    assert len(data["zh"]["expectations"]) == len(result["expectations"])
    for chinese, each in zip(data["zh"]["expectations"], result["expectations"], strict=True):
        if not each["name"].startswith("deposit: "):
            assert chinese[0] != each["name"]
        for text in chinese:
            assert not WORDS_LEFT.search(text.replace("crash primary", "")), (text, each)
    for (chinese,), each in zip(data["zh"]["invariants"], result["invariants"], strict=True):
        assert chinese != each["name"]


def test_every_promise_has_a_chinese_text() -> None:
    assert PROMISES.keys() == {*INVARIANTS, "receipts", "acknowledged"}


def test_a_partition_is_drawn_on_the_lanes_of_those_that_it_cuts_off(tmp_path: Path) -> None:
    text = SMALL + "timeline:\n  - {at: 0s, do: partition, groups: [[validator-3], rest], for: 2s}\n"
    data = data_of((write_run(tmp_path, text) / "report.html").read_text(encoding="utf-8"))
    (fault,) = data["result"]["faults"]
    assert fault["targets"] == ["validator-3"]
    assert "fault.targets.includes" in (ASSETS / "lanes.js").read_text(encoding="utf-8")


def test_chrome_trace_opens_no_second_span_for_what_is_final() -> None:
    trace = ChromeTrace()
    place = (("view", 0), ("seq", 1))
    for step, kind in enumerate(("note-proposed", "final", "note-prepared")):
        facts = (("height", 1),) if kind == "final" else place
        trace.add_event(TraceEvent(step, step * 1000, 0, kind, facts))
    events = json.loads(trace.to_json(["validator-0"], ()))["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "b"] == ["seq", "proposed"]


def test_long_runs_are_thinned_out_by_seq_and_say_so() -> None:
    film = Film()
    for seq in range(MESSAGES_MAX + 10):
        body = encode(("govchain.prepare/1", b"c", 0, 1, 0, seq, b"d"))
        film.add_frame(WireFrame(seq * 1000, (seq * 1000 + 500,), 0, 1, SignedMessage(body, b"")))
        film.add_event(TraceEvent(seq, seq * 1000, 1, "note-prepared", (("view", 0), ("seq", seq))))
    plain = film.to_plain(2)
    assert len(plain["messages"]) <= MESSAGES_MAX
    assert plain["messages_total"] == MESSAGES_MAX + 10
    assert plain["every"] == 2
    assert all(row[6] % 2 == 0 for row in plain["messages"])


BODIES = [b"", b"\xc1", b"\x90", encode(("govchain.prepare/1", 1)), encode(("x", 1, 2, 3, 4, 5))]


def test_a_storm_of_messages_without_seq_is_bounded_too() -> None:
    film = Film()
    frame = SignedMessage(encode(("govchain.progress/1", b"c", 0, 1, 7, 3, 3)), b"")
    for number in range(3 * MESSAGES_MAX):
        film.add_frame(WireFrame(number * 1000, (), 0, 1, frame))
    plain = film.to_plain(2)
    assert MESSAGES_MAX // 4 < len(plain["messages"]) <= MESSAGES_MAX
    assert plain["messages_total"] == 3 * MESSAGES_MAX
    assert plain["messages"][0] == (0, LOST, 0, 1, 0, 7, LOST)


def test_one_seq_repeated_without_end_is_bounded_too() -> None:
    film = Film()
    frame = SignedMessage(encode(("govchain.prepare/1", b"c", 0, 1, 0, 0, b"d")), b"")
    for number in range(MESSAGES_MAX + 10):
        film.add_frame(WireFrame(number * 1000, (), 0, 1, frame))
    assert len(film.to_plain(2)["messages"]) == MESSAGES_MAX


@pytest.mark.parametrize("body", BODIES)
def test_what_no_validator_would_say_is_drawn_as_unknown(body: bytes) -> None:
    assert read_message(body) == ("unknown", LOST, LOST)


def test_a_page_of_a_sweep_holds_its_data_as_text() -> None:
    page = render_page("sweep", HOSTILE, {"title": HOSTILE}).decode()
    assert data_of(page) == {"title": HOSTILE}
    assert "<img" not in own_part_of(page)


def test_the_page_says_what_each_promise_is_how_somebody_cheats_and_whose_load_was_final(
    tmp_path: Path,
) -> None:
    text = (
        SMALL.replace("name: Court", "name: Court, name_zh: 法院").replace(
            "meta: {title: A deposit}", "meta: {title: A deposit, why: Because., why_zh: 因此。}"
        )
        + "workload:\n  - {org: evp, rate: {fixed: 5/s}, to: 2s}\n"
        + "timeline:\n  - {at: 1s, do: byzantine, target: one, behaviour: {censor: court}, for: 500ms}\n"
        + "  - {at: 1s, do: crash, target: validator-1, disk: wipe, for: 500ms}\n"
    )
    data = data_of((write_run(tmp_path, text) / "report.html").read_text(encoding="utf-8"))
    assert data["why"] == ["Because.", "因此。"]
    promises = dict(
        zip([each["name"] for each in data["result"]["invariants"]], data["promises"], strict=True)
    )
    assert promises["agreement"] == INVARIANTS["agreement"]
    assert all(promises.values()), promises
    assert [each["how"] for each in data["result"]["faults"]] == ["censor court", "wipe"]
    load = data["result"]["workload"]
    assert load["by_org"] == {"evp": load["acknowledged"]}
    assert [org["load"] for org in data["organisations"]] == [load["acknowledged"], 0]
