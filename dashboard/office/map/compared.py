"""Two periods of one map: the ratio of their rates at the same sensors, in a sentence.

Owns the sentence. Must not choose the periods. The ratio: `dashboard.analysis.intervals.ratio`.
"""

from collections.abc import Mapping, Sequence

from dashboard.analysis.intervals import ratio
from dashboard.analysis.intervals.ratio import Ratio, periods
from dashboard.analysis.tallies import DeviceTally
from dashboard.documents import rate_text
from gateway.words.catalogue import Translations


def compared(now: Sequence[DeviceTally], before: Sequence[DeviceTally]) -> Ratio:
    """The rate of one period over that of another, at the sensors that watched in both."""
    return of_counts(_counts(now), _counts(before))


def of_counts(
    now: Mapping[str, tuple[int, float]], before: Mapping[str, tuple[int, float]]
) -> Ratio:
    """The same for counts and efforts by device."""
    ids = sorted(now.keys() & before.keys())
    n0, t0 = [before[id_][0] for id_ in ids], [before[id_][1] for id_ in ids]
    n1, t1 = [now[id_][0] for id_ in ids], [now[id_][1] for id_ in ids]
    return ratio.paired(periods(n0, t0, n1, t1))


def sentence(found: Ratio, words: Translations) -> str:
    """The ratio, and whether the difference is more than chance."""
    verdict = "unknown" if found.sites < 2 else "changed" if found.changed else "chance"
    said = words(f"compared.{verdict}")
    return words("compared.ratio", ratio=rate_text.ratio(found, words), said=said)


def plainly(found: Ratio, words: Translations) -> str:
    """The answer in one sentence for somebody who reads no figures."""
    if found.sites < 2 or found.ratio is None:
        return words("answer.unknown")
    if not found.changed:
        return words("answer.chance")
    return words("answer.fewer" if found.ratio < 1 else "answer.more")


def _counts(tallies: Sequence[DeviceTally]) -> dict[str, tuple[int, float]]:
    return {one.device: (one.n, one.effort) for one in tallies}
