"""The answer in words, as tables and as JSON.

Owns the sentences and the order of the tables. Must not compute: `comparison` does. Texts are in the
catalogue under `effect.`.
"""

import math

import msgspec

from dashboard.documents import rate_text
from dashboard.documents.table import Table
from dashboard.office.effect.comparison import BeforeAfter, Comparison
from dashboard.office.effect.question import Question
from gateway.words.catalogue import Translations


def headline(found: Comparison, words: Translations) -> str:
    """The answer in one plain sentence with its reason."""
    verdict = found.verdict
    shown = (
        found.near.ratio
        if verdict.reason in {"no_control", "few_near", "few_days"}
        else found.against
    )
    answer = words(f"effect.answer.{verdict.answer}")
    return answer + words(f"effect.reason.{verdict.reason}", ratio=rate_text.ratio(shown, words))


def wanted(found: Comparison, question: Question, words: Translations) -> list[str]:
    """What would make an unclear answer clear, and what to mind with any answer."""
    verdict, said = found.verdict, []
    if verdict.reason in {"no_control", "few_near", "few_days", "no_traps"}:
        said.append(
            words(f"effect.wanted.{verdict.reason}", far=question.far_m, near=question.near_m)
        )
    if verdict.detectable is not None:
        said.append(words("effect.wanted.power", percent=f"{100 * (1 - verdict.detectable):.0f}"))
    if verdict.answer == "unclear" and found.days_wanted:
        times = verdict.times or 1.0
        more = [math.ceil((times - 1) * one.ratio.sites) for one in (found.near, found.far)]
        days = f"{found.days_wanted:,.0f}"
        said.append(words("effect.wanted.more", days=days, near=more[0], far=more[1]))
    if question.against == "before":
        said.append(words("effect.wanted.season"))
    return said


def groups_text(found: Comparison, question: Question, words: Translations) -> str:
    """Which traps and sensors were compared."""
    parts = found.groups
    return words(
        f"effect.groups_{'new' if parts.are_new else 'old'}",
        traps=len(parts.traps),
        near=len(parts.near),
        far=len(parts.far),
        between=len(parts.between) + len(parts.unplaced),
        near_m=question.near_m,
        far_m=question.far_m,
    )


def tables(found: Comparison, words: Translations) -> list[Table]:
    """Rates before and after with their ratios, and the records of damage."""
    return [_rates(found, words), _damage(found, words)]


def as_json(found: Comparison, question: Question, words: Translations) -> bytes:
    """The comparison for programs, with the sentences that people read."""
    plain = msgspec.to_builtins(found)
    asked = msgspec.structs.asdict(question) | {"month": str(question.month)}
    sentences = [headline(found, words), *wanted(found, question, words)]
    return msgspec.json.encode({"question": asked, "sentences": sentences, **plain})


def _rates(found: Comparison, words: Translations) -> Table:
    columns = ("group", "before", "after", "ratio_now")
    head = tuple(words(f"effect.{column}") for column in columns)
    rows = [
        (words("effect.near"), *_cells(found.near, "rai", words)),
        (words("effect.far"), *_cells(found.far, "rai", words)),
        (words("effect.against"), "", "", rate_text.ratio(found.against, words)),
        (words("effect.captures"), *_cells(found.captures, "cpue", words)),
    ]
    return Table(words("effect.rates"), head, tuple(rows), words("effect.rates_note"))


def _cells(one: BeforeAfter, unit: rate_text.Unit, words: Translations) -> tuple[str, str, str]:
    before, after = (rate_text.told(rate, unit, words) for rate in (one.before, one.after))
    return before, after, rate_text.ratio(one.ratio, words)


def _damage(found: Comparison, words: Translations) -> Table:
    head = tuple(words(f"effect.{column}") for column in ("place", "before", "after"))
    one = found.damage
    rows = (
        (words("effect.damage_near"), one.near_before, one.near_after),
        (words("effect.damage_elsewhere"), one.elsewhere_before, one.elsewhere_after),
    )
    return Table(words("effect.damage"), head, rows, words("effect.damage_note"))
