"""Processor time and memory of other processes while something runs. Never signals them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import psutil

INTERVAL_S: Final = 0.25


class ProcessMeter:
    """Measures processes between entering and leaving a `with` block.

    Attributes:
        cpu_s: User and system time that all of them used meanwhile.
        peak_rss_bytes: Largest resident size of any one of them that was seen.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self.cpu_s = 0.0
        self.peak_rss_bytes = 0
        self._processes = [psutil.Process(pid) for pid in pids]
        self._is_over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._cpu_before_s = 0.0

    def __enter__(self) -> Self:
        self._cpu_before_s = self._cpu_now_s()
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._watcher.join()
        self._look()
        self.cpu_s = self._cpu_now_s() - self._cpu_before_s

    def _watch(self) -> None:
        while not self._is_over.wait(INTERVAL_S):
            self._look()

    def _look(self) -> None:
        for process in self._processes:
            try:
                self.peak_rss_bytes = max(self.peak_rss_bytes, process.memory_info().rss)
            except psutil.Error:
                continue

    def _cpu_now_s(self) -> float:
        total = 0.0
        for process in self._processes:
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system
        return total
