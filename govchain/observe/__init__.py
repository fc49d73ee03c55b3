"""What a node says about itself: structured logs and metrics. It measures and tells; it decides nothing."""

from govchain.observe.logs import Logger, Throttle, capture_standard_logging, log_stream, open_log
from govchain.observe.metrics import METRICS, Metric, NodeMetrics

__all__ = [
    "METRICS",
    "Logger",
    "Metric",
    "NodeMetrics",
    "Throttle",
    "capture_standard_logging",
    "log_stream",
    "open_log",
]
