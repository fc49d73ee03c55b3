"""Metrics of one node in Prometheus' form. The table is data; docs/reference/metrics.md follows it.

Names are stable (they are dashboards' interface). Nothing is measured here, only counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 30.0)
SHORT_SECONDS_BUCKETS: Final = (0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    name: str
    kind: str
    """`counter`, `gauge` or `histogram`."""
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


METRICS: Final[tuple[Metric, ...]] = (
    Metric("govchain_height", "gauge", "Height of the last executed block."),
    Metric("govchain_final_height", "gauge", "Height up to which every block has its certificate here."),
    Metric("govchain_epoch", "gauge", "Number of the validator set that runs."),
    Metric("govchain_validators", "gauge", "Members of that set."),
    Metric("govchain_view", "gauge", "Current view."),
    Metric(
        "govchain_finalised_total", "counter", "Transactions that became final since this process started."
    ),
    Metric(
        "govchain_finality_seconds",
        "histogram",
        "From admission by this validator's API to finality here.",
        buckets=SECONDS_BUCKETS,
    ),
    Metric("govchain_pool_transactions", "gauge", "Transactions that wait in the pool."),
    Metric("govchain_peer_messages_total", "counter", "Frames from peers, by type.", ("type",)),
    Metric(
        "govchain_rejected_total",
        "counter",
        "What was refused, by code: transactions, peer messages, frames and connections.",
        ("code",),
    ),
    Metric("govchain_view_changes_total", "counter", "Views entered after the first."),
    Metric(
        "govchain_stalled",
        "gauge",
        "1 while something waits and no height has moved for twice the view timeout, else 0.",
    ),
    Metric("govchain_peers", "gauge", "Validators to which an outbound connection stands."),
    Metric(
        "govchain_sync_lag_blocks", "gauge", "Blocks by which the best known final height is ahead of ours."
    ),
    Metric(
        "govchain_store_seconds",
        "histogram",
        "One durable write, by what it holds.",
        ("write",),
        SHORT_SECONDS_BUCKETS,
    ),
    Metric(
        "govchain_verify_seconds",
        "histogram",
        "Checking one group of foreign messages or transactions, signatures included.",
        ("what",),
        SHORT_SECONDS_BUCKETS,
    ),
    Metric("govchain_execute_seconds", "histogram", "Executing one block.", buckets=SECONDS_BUCKETS),
    Metric(
        "govchain_block_transactions",
        "histogram",
        "Transactions of one block.",
        buckets=(
            0,
            1,
            2,
            5,
            10,
            20,
            50,
            100,
            200,
            500,
            1_000,
            2_000,
        ),
    ),
    Metric("govchain_denials_total", "counter", "Transactions that a rule denied, by rule.", ("rule",)),
    Metric(
        "govchain_equivocations_total",
        "counter",
        "Proofs that a validator contradicted itself, found here or told by others, by its name.",
        ("validator",),
    ),
    Metric("govchain_dropped_frames_total", "counter", "Frames not sent because a peer's queue was full."),
    Metric("govchain_catch_up_blocks_total", "counter", "Blocks taken from peers by certificate."),
    Metric(
        "govchain_tls_expiry_seconds",
        "gauge",
        "Seconds until this validator's TLS certificate ends; below zero afterwards.",
    ),
    Metric(
        "govchain_snapshot_chunks_total", "counter", "Parts of a state snapshot that were taken and proven."
    ),
    Metric("govchain_missing_blocks", "gauge", "Blocks below a snapshot that are still to be fetched."),
)


class NodeMetrics:
    """The metrics of one node, in a registry of its own, so that several nodes fit into one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made = {metric.name: _make(metric, self.registry) for metric in METRICS}
        self._made = made

    def gauge(self, name: str) -> Gauge:
        """A gauge of the table."""
        found = self._made[name]
        assert isinstance(found, Gauge)
        return found

    def counter(self, name: str) -> Counter:
        """A counter of the table."""
        found = self._made[name]
        assert isinstance(found, Counter)
        return found

    def histogram(self, name: str) -> Histogram:
        """A histogram of the table."""
        found = self._made[name]
        assert isinstance(found, Histogram)
        return found

    def reject(self, code: str, count: int = 1) -> None:
        """Count something that was refused."""
        self.counter("govchain_rejected_total").labels(code).inc(count)

    def exposition(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)


def _make(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    match metric.kind:
        case "counter":
            return Counter(metric.name, metric.help, metric.labels, registry=registry)
        case "gauge":
            return Gauge(metric.name, metric.help, metric.labels, registry=registry)
        case _:
            assert metric.kind == "histogram"
            return Histogram(
                metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets
            )
