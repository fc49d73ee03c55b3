"""Where validators stand, and how long light and routers take between two places: latency matrices.

Facts and one formula; validators, jitter and faults are no business of this module.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import Final

from govchain.config import DurationNs
from govchain.errors import ConfigError

EARTH_RADIUS_KM: Final = 6371
FIBRE_NS_PER_KM: Final = 4_900
"""Light in glass with a refractive index of 1.468."""
ROUTE_TENTHS: Final = 17
"""A cable is 1.7 times as long as the great circle: it follows railways and passes through exchanges."""
OVERHEAD_NS: Final = 1_500_000
"""Of each way for access lines and routers, also inside one city."""
REGIONS_MAX: Final = 500
ROUND_TRIP_MS_MAX: Final = 60_000

_NS_PER_MS: Final = 1_000_000
_ADMINISTRATIVE: Final = ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市")

PROVINCES: Final[tuple[tuple[str, str, int, int], ...]] = (
    # Province and its seat of government: latitude north, longitude east, in hundredths of a degree.
    ("Beijing", "北京", 3990, 11641),
    ("Tianjin", "天津", 3913, 11720),
    ("Hebei", "河北", 3804, 11451),
    ("Shanxi", "山西", 3787, 11255),
    ("Inner Mongolia", "内蒙古", 4084, 11175),
    ("Liaoning", "辽宁", 4180, 12343),
    ("Jilin", "吉林", 4382, 12532),
    ("Heilongjiang", "黑龙江", 4580, 12653),
    ("Shanghai", "上海", 3123, 12147),
    ("Jiangsu", "江苏", 3206, 11880),
    ("Zhejiang", "浙江", 3027, 12015),
    ("Anhui", "安徽", 3182, 11723),
    ("Fujian", "福建", 2607, 11930),
    ("Jiangxi", "江西", 2868, 11586),
    ("Shandong", "山东", 3665, 11712),
    ("Henan", "河南", 3475, 11363),
    ("Hubei", "湖北", 3059, 11431),
    ("Hunan", "湖南", 2823, 11294),
    ("Guangdong", "广东", 2313, 11326),
    ("Guangxi", "广西", 2282, 10837),
    ("Hainan", "海南", 2004, 11020),
    ("Chongqing", "重庆", 2956, 10655),
    ("Sichuan", "四川", 3057, 10407),
    ("Guizhou", "贵州", 2665, 10663),
    ("Yunnan", "云南", 2504, 10271),
    ("Tibet", "西藏", 2965, 9114),
    ("Shaanxi", "陕西", 3434, 10894),
    ("Gansu", "甘肃", 3606, 10383),
    ("Qinghai", "青海", 3662, 10178),
    ("Ningxia", "宁夏", 3849, 10623),
    ("Xinjiang", "新疆", 4383, 8762),
)


@dataclass(frozen=True, slots=True)
class LatencyMatrix:
    """One-way delays between regions.

    Attributes:
        one_way_ns: (from, to) to the median delay.
        spread_ns: (from, to) to what the 90th percentile lies above the median; empty when not measured.
        aliases: Other spellings of a region, to its name.
    """

    name: str
    one_way_ns: Mapping[tuple[str, str], int]
    spread_ns: Mapping[tuple[str, str], int]
    aliases: Mapping[str, str]

    def region(self, written: str) -> str | None:
        """The region that a file means; None when there is none of that name."""
        if (written, written) in self.one_way_ns:
            return written
        return self.aliases.get(written.casefold())

    @property
    def regions(self) -> list[str]:
        """Every spelling that is understood."""
        own = dict.fromkeys(source for source, _ in self.one_way_ns)
        return [*own, *(alias for alias in self.aliases if alias not in own)]


@cache
def aws_matrix() -> LatencyMatrix:
    """Delays between 33 cloud regions as measured in July 2025; half of each round trip."""
    median = _shipped("aws_p50_rtt_ms.csv")
    high = _shipped("aws_p90_rtt_ms.csv")
    spread = {pair: max(0, high[pair] - median[pair]) for pair in median}
    return LatencyMatrix("aws", median, spread, {})


@cache
def provinces_matrix() -> LatencyMatrix:
    """Delays between the seats of 31 provinces: great circle × 1.7 ÷ light in fibre, and 1.5 ms a way."""
    one_way_ns = {
        (name, other): _fibre_ns(distance_km((lat, lon), (lat_2, lon_2)))
        for name, _, lat, lon in PROVINCES
        for other, _, lat_2, lon_2 in PROVINCES
    }
    aliases: dict[str, str] = {}
    for english, chinese, _, _ in PROVINCES:
        for spelling in (english, chinese, *(chinese + suffix for suffix in _ADMINISTRATIVE)):
            aliases[spelling.casefold()] = english
    return LatencyMatrix("cn-provinces", one_way_ns, {}, aliases)


def distance_km(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Great circle between two places in hundredths of a degree, by haversine, in whole kilometres.

    Whole, because the last bits of a sine differ between machines; a test shows that no distance of the
    shipped places is so near to a half that they could matter.
    """
    return round(exact_distance_km(one, other))


def exact_distance_km(one: tuple[int, int], other: tuple[int, int]) -> float:
    """As `distance_km`, before rounding."""
    lat, lon, lat_2, lon_2 = (math.radians(each / 100) for each in (*one, *other))
    across = math.cos(lat) * math.cos(lat_2) * math.sin((lon_2 - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(math.sin((lat_2 - lat) / 2) ** 2 + across))


def _fibre_ns(distance_km: int) -> int:
    return OVERHEAD_NS + distance_km * FIBRE_NS_PER_KM * ROUTE_TENTHS // 10


def parse_matrix(text: str, path: str) -> dict[tuple[str, str], int]:
    """Half of each round trip of a table with regions in its first row and column, in milliseconds.

    Raises:
        ConfigError: It is no such table; with file and line.
    """
    try:
        rows = list(csv.reader(text.splitlines()))
    except csv.Error as error:
        raise ConfigError("not a table of delays", path=path, found=str(error)) from error
    regions = [name.strip() for name in rows[0][1:]] if rows else []
    if not 1 <= len(regions) <= REGIONS_MAX or len({*regions, ""}) != len(regions) + 1:
        raise ConfigError(
            "the first row names no regions",
            path=path,
            line=1,
            expected=f"from\\to and 1 to {REGIONS_MAX} different names, separated by commas",
        )
    if len(rows) != len(regions) + 1:
        problem = "the table has not as many rows as columns"
        raise ConfigError(problem, path=path, found=f"{len(rows) - 1} rows", expected=f"{len(regions)}")
    table: dict[tuple[str, str], int] = {}
    for line, (source, row) in enumerate(zip(regions, rows[1:], strict=True), start=2):
        if len(row) != len(regions) + 1 or row[0].strip() != source:
            problem, expected = "a row does not fit the first", f"{source} and {len(regions)} numbers"
            raise ConfigError(problem, path=path, line=line, found=",".join(row)[:60], expected=expected)
        for target, cell in zip(regions, row[1:], strict=True):
            table[source, target] = _half_ns(cell, path, line)
    return table


def _half_ns(cell: str, path: str, line: int) -> DurationNs:
    try:
        round_trip_ms = Decimal(cell.strip())
    except InvalidOperation:
        round_trip_ms = Decimal(-1)
    if not round_trip_ms.is_finite() or not 0 <= round_trip_ms <= ROUND_TRIP_MS_MAX:
        expected = f"a round trip in milliseconds, 0 to {ROUND_TRIP_MS_MAX}"
        raise ConfigError("not a delay", path=path, line=line, found=cell, expected=expected)
    return DurationNs(int(round_trip_ms * _NS_PER_MS / 2))


def _shipped(name: str) -> dict[tuple[str, str], int]:
    return parse_matrix(resources.files("govchain.sim").joinpath("data", name).read_text("utf-8"), name)
