"""Metrics of one gateway in Prometheus' form; docs/reference/metrics.md follows the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from govchain.gateway.ports import Outcome, Refused
from govchain.observe.metrics import Metric

GATEWAY_METRICS: Final = (
    Metric("govchain_gateway_exchanges", "gauge", "Exchanges in the database.", ("side", "state")),
    Metric(
        "govchain_gateway_asks_total",
        "counter",
        "Questions of this department, by how they ended: answered, or the denial code.",
        ("outcome",),
    ),
    Metric("govchain_gateway_resumed_left", "gauge", "Exchanges that could not be taken up again yet."),
    Metric("govchain_gateway_tls_expiry_seconds", "gauge", "Time until the own TLS certificate ends."),
)


class GatewayMetrics:
    """Counters and gauges of one gateway process."""

    def __init__(self) -> None:
        exchanges, asks, left, expiry = GATEWAY_METRICS
        self.registry = CollectorRegistry()
        self._exchanges = Gauge(exchanges.name, exchanges.help, exchanges.labels, registry=self.registry)
        self._asks = Counter(asks.name, asks.help, asks.labels, registry=self.registry)
        self.left = Gauge(left.name, left.help, registry=self.registry)
        self.tls_expiry = Gauge(expiry.name, expiry.help, registry=self.registry)

    def count(self, outcome: Outcome) -> None:
        """One question ended."""
        # Codes come from the chain's rules: there are few.
        self._asks.labels(outcome.code if isinstance(outcome, Refused) else "answered").inc()

    def show(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Take over how many exchanges stand where."""
        self._exchanges.clear()
        for (side, state), count in counts.items():
            self._exchanges.labels(side, state).set(count)
