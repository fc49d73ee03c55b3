"""What is found out beside the chain: tables to publish, patterns to look at. No validator decides by it."""

from govchain.analysis.holidays import announced_holidays

__all__ = ["announced_holidays"]
