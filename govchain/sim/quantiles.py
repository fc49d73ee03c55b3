"""Random amounts of time by inverse distribution tables, equal to the nanosecond on every machine.

A table holds amounts at fixed probabilities; a draw of 64 bits is looked up and interpolated in integers. The
tables are made in decimal arithmetic, which is correctly rounded everywhere; libm is not, and is not used.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from decimal import Context, Decimal
from typing import Final

_Z_MILLIONTHS: Final = (
    # (probability in millionths, quantile of the standard normal distribution in millionths), upper half
    *((500_000, 0), (520_000, 50_154), (540_000, 100_434), (560_000, 150_969), (580_000, 201_893)),
    *((600_000, 253_347), (620_000, 305_481), (640_000, 358_459), (660_000, 412_463), (680_000, 467_699)),
    *((700_000, 524_401), (720_000, 582_842), (740_000, 643_345), (760_000, 706_303), (780_000, 772_193)),
    *((800_000, 841_621), (820_000, 915_365), (840_000, 994_458), (860_000, 1_080_319)),
    *((880_000, 1_174_987), (900_000, 1_281_552), (920_000, 1_405_072), (940_000, 1_554_774)),
    *((960_000, 1_750_686), (980_000, 2_053_749), (985_000, 2_170_090), (990_000, 2_326_348)),
    *((995_000, 2_575_829), (998_000, 2_878_162), (999_000, 3_090_232), (999_500, 3_290_527)),
    *((999_900, 3_719_016), (999_990, 4_264_891), (999_999, 4_753_424)),
)
_LOWER_HALF: Final = _Z_MILLIONTHS[:0:-1]
_PROBABILITIES: Final = (*(1_000_000 - p for p, _ in _LOWER_HALF), *(p for p, _ in _Z_MILLIONTHS))
_QUANTILES: Final = (*(-z for _, z in _LOWER_HALF), *(z for _, z in _Z_MILLIONTHS))
_THRESHOLDS: Final = tuple((probability << 64) // 1_000_000 for probability in _PROBABILITIES)
_CONTEXT: Final = Context(prec=28)
_ONE: Final = Decimal(1)


class Quantiles:
    """Amounts in nanoseconds at the probabilities of the shipped table; the rest lies on lines between them.

    What is rarer than one in a million is cut off.
    """

    __slots__ = ("_amounts_ns",)

    def __init__(self, amount_ns: Callable[[Decimal, Decimal], Decimal]) -> None:
        """Ask `amount_ns` for the amount at each (probability, standard normal quantile)."""
        self._amounts_ns: tuple[int, ...] = tuple(
            int(amount_ns(Decimal(p) / 1_000_000, Decimal(z) / 1_000_000).to_integral_value())
            for p, z in zip(_PROBABILITIES, _QUANTILES, strict=True)
        )

    def at(self, draw: int) -> int:
        """The amount for a draw of 64 bits."""
        place = bisect_right(_THRESHOLDS, draw)
        amounts = self._amounts_ns
        if place == 0 or place == len(amounts):
            return amounts[min(place, len(amounts) - 1)]
        low, high = amounts[place - 1], amounts[place]
        begin, end = _THRESHOLDS[place - 1], _THRESHOLDS[place]
        return low + (high - low) * (draw - begin) // (end - begin)


def normal(sd_ns: int) -> Quantiles:
    """Around zero, with this standard deviation."""
    return Quantiles(lambda _, z: z * sd_ns)


def lognormal(median_ns: int, sigma: Decimal) -> Quantiles:
    """With this median; the logarithm has the standard deviation `sigma`."""
    return Quantiles(lambda _, z: median_ns * _CONTEXT.exp(sigma * z))


def pareto(scale_ns: int, shape: Decimal) -> Quantiles:
    """Pareto from zero on (Lomax): mean `scale / (shape - 1)`, heavy tail."""
    return Quantiles(lambda p, _: scale_ns * (_CONTEXT.exp(-_CONTEXT.ln(_ONE - p) / shape) - 1))


def exponential(mean_ns: int) -> Quantiles:
    """Memoryless, with this mean."""
    return Quantiles(lambda p, _: -mean_ns * _CONTEXT.ln(_ONE - p))


def empirical(p90_ns: int) -> Quantiles:
    """Above a measured median, from a measured 90th percentile that lies `p90_ns` above it.

    The lower half is zero: below its median a line is as fast as light lets it be. The upper half grows as an
    exponential distribution that goes through the 90th percentile.
    """
    ln_5 = _CONTEXT.ln(Decimal(5))
    half = _ONE / 2
    return Quantiles(lambda p, _: p90_ns * max(Decimal(0), _CONTEXT.ln(half / (_ONE - p)) / ln_5))
