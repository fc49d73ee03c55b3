"""What is around a validator: room on its disk, its clock, its ports (checks `space`, `clock`, `ports`).

Looks only. Peers are asked for the time of their answer and for nothing else.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from govchain.doctor.findings import Sheet, Text
from govchain.node import NodeConfig
from govchain.node.config import split_address
from govchain.testnet.health import PROBE_TIMEOUT_S, is_port_free

SPACE_BYTES_MIN: Final = 200 * 1024 * 1024
"""Less is a problem: the database needs as much to tidy up."""
SPACE_BYTES_LOW: Final = 2 * 1024 * 1024 * 1024
ANSWER_ROUNDING: Final = timedelta(seconds=2)
"""Times of answers are whole seconds."""
_SYNC = Text("let the system's time service set the clock", "请启用系统的时间同步服务")


def check_space(sheet: Sheet, config: NodeConfig) -> None:
    """There is room for the chain to grow."""
    folder = Path(config.data_dir)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = Text(f"{free // 1024**2} MiB free", f"剩余 {free // 1024**2} MiB")
    advice = Text(
        "make room: a validator stops when its disk is full", "请清理磁盘：磁盘写满时验证节点会停止"
    )
    if free < SPACE_BYTES_MIN:
        sheet.problem("space", found, advice)
    elif free < SPACE_BYTES_LOW:
        sheet.warn("space", found, advice)
    else:
        sheet.ok("space", *found)


def check_clock(
    sheet: Sheet, now: datetime, *, head_time_ms: int, drift_ms: int, peers: Sequence[tuple[str, int]]
) -> None:
    """The clock agrees with the last block, and with those validators that answer."""
    drift = timedelta(milliseconds=drift_ms)
    head = datetime.fromtimestamp(head_time_ms / 1000, UTC)
    if head_time_ms and now + drift < head:
        found = Text(
            f"this clock is {head - now} behind the last block", f"本机时钟比最后区块慢 {head - now}"
        )
        sheet.problem("clock", found, _SYNC)
        return
    answers = [(f"{host}:{port}", answer) for host, port in peers if (answer := _time_of(host, port))]
    for peer, answer in answers:
        apart = abs(answer - now)
        if apart > drift + ANSWER_ROUNDING:
            found = Text(f"{apart} apart from the clock at {peer}", f"与 {peer} 的时钟相差 {apart}")
            sheet.problem("clock", found, _SYNC)
            return
    sheet.ok(
        "clock",
        f"not behind the last block; compared with {len(answers)} validators",
        f"不落后于最后区块；已与 {len(answers)} 个验证节点比较",
    )


def check_ports(sheet: Sheet, config: NodeConfig) -> None:
    """The addresses can be bound; asked only when the validator does not run."""
    if sheet.is_in_use:
        sheet.skip("ports", "the validator runs and holds them", "验证节点正在运行并占用端口")
        return
    for address in (config.peer_listen, config.api_listen):
        host, port = split_address(address)
        if port and not is_port_free(host, port):
            sheet.problem(
                "ports",
                Text(f"{address} cannot be bound", f"无法监听 {address}"),
                Text("stop what listens there, or choose another port", "请停止占用该端口的程序，或更换端口"),
            )
            return
    addresses = f"{config.peer_listen}, {config.api_listen}"
    sheet.ok("ports", f"free: {addresses}", f"可用：{addresses}")


def _time_of(host: str, port: int) -> datetime | None:
    connection = http.client.HTTPConnection(host, port, timeout=PROBE_TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        date = connection.getresponse().headers.get("Date")
        return None if date is None else parsedate_to_datetime(date)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
