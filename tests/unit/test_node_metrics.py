"""Metrics and logs: every metric is documented, nothing secret is logged."""

from __future__ import annotations

import io
import json
import logging
import re
from pathlib import Path

import pytest

from govchain.errors import ConfigError
from govchain.observe import METRICS, NodeMetrics, Throttle, capture_standard_logging, log_stream, open_log
from govchain.observe.logs import LINES_PER_EVENT_MAX

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"

STABLE = [
    "govchain_height",
    "govchain_view",
    "govchain_finalised_total",
    "govchain_finality_seconds",
    "govchain_pool_transactions",
    "govchain_peer_messages_total",
    "govchain_rejected_total",
    "govchain_view_changes_total",
    "govchain_peers",
    "govchain_sync_lag_blocks",
    "govchain_store_seconds",
    "govchain_verify_seconds",
    "govchain_denials_total",
]


def documented(page: str) -> list[tuple[str, str, str, str]]:
    """Rows of the table of metrics: name, kind, labels and what it tells."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)


def test_every_metric_is_documented_as_it_is() -> None:
    assert documented("metrics.md") == [
        (metric.name, metric.kind, ", ".join(f"`{label}`" for label in metric.labels) or "none", metric.help)
        for metric in METRICS
    ]


def test_chinese_page_has_every_metric_in_the_same_order() -> None:
    rows = documented("metrics.zh.md")
    assert [row[:3] for row in rows] == [
        (metric.name, metric.kind, "、".join(f"`{label}`" for label in metric.labels) or "无")
        for metric in METRICS
    ]
    assert all(text for *_, text in rows)


def test_names_that_others_rely_on_are_there() -> None:
    assert set(STABLE) <= {metric.name for metric in METRICS}


def test_exposition_names_every_metric_once() -> None:
    metrics = NodeMetrics()
    metrics.reject("bad-frame", 3)
    text = metrics.exposition().decode()
    for metric in METRICS:
        assert text.count(f"# HELP {metric.name} ") == 1
    assert 'govchain_rejected_total{code="bad-frame"} 3.0' in text


def test_two_nodes_in_one_process_count_apart() -> None:
    one, other = NodeMetrics(), NodeMetrics()
    one.counter("govchain_finalised_total").inc(5)
    assert other.registry.get_sample_value("govchain_finalised_total") == 0.0


def test_log_line_is_json_without_contents() -> None:
    stream = io.StringIO()
    log = open_log("validator-0", stream)
    log.info("something", height=3, digest=bytes(32), secret="s3cret", payload=b"private", other=object())
    log.debug("not written")
    (line,) = stream.getvalue().splitlines()
    facts = json.loads(line)
    assert facts["node"] == "validator-0"
    assert facts["height"] == 3
    assert facts["digest"] == "0" * 16
    assert facts["secret"] == facts["payload"] == "[hidden]"
    assert facts["other"] == "<object>"
    assert facts["timestamp"].endswith("Z")


def test_long_text_is_cut() -> None:
    stream = io.StringIO()
    open_log("n", stream).warning("long", problem="x" * 10_000)
    assert len(stream.getvalue()) < 1_000


def test_what_libraries_log_goes_the_same_way() -> None:
    stream = io.StringIO()
    handler = capture_standard_logging(open_log("n", stream))
    try:
        logging.getLogger("some.library").warning("trouble %d", 7)
    finally:
        logging.getLogger().removeHandler(handler)
    assert json.loads(stream.getvalue())["message"] == "trouble 7"


def test_repeated_lines_are_bounded_and_counted() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    answers = [throttle.allow("event") for _ in range(LINES_PER_EVENT_MAX + 4)]
    assert answers == [(True, 0)] * LINES_PER_EVENT_MAX + [(False, 0)] * 4
    assert throttle.allow("another") == (True, 0)
    now[0] = 1.5
    assert throttle.allow("event") == (True, 4)


def test_log_file_is_appended_to_and_errors_name_it(tmp_path: Path) -> None:
    path = tmp_path / "node.log"
    for _ in range(2):
        with log_stream(path) as stream:
            open_log("n", stream).info("line")
    assert len(path.read_text().splitlines()) == 2
    with pytest.raises(ConfigError, match="absent"), log_stream(tmp_path / "absent" / "node.log"):
        pass
