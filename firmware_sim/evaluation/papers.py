"""The papers: is every capture that a trapper wrote down in them, once, with its species and number?

Owns these counts. Must not know forms.
"""

from collections import Counter

from msgspec import Struct

from firmware_sim.evaluation.record import GatewayRecord
from firmware_sim.evaluation.story import Story


class PaperScore(Struct, frozen=True):
    """Captures: what truly happened, what was written down, what is in the papers."""

    animals_caught: int  # game only
    captures: int  # springs with game
    written: int  # of which a trapper wrote down
    in_papers: int
    missing: int  # written down, not in the papers
    too_many: int  # in the papers, never written down


def score(story: Story, record: GatewayRecord) -> PaperScore:
    """Compare the captures."""
    caught = [s for s in story.springs if s.cause in {"boar", "deer"} and s.caught]
    found = [one for one in story.told if one.deed == "captured"]
    written = Counter(
        (one.device, one.species, one.count)
        for one in found
        if one.recorded_at is not None and one.recorded_at < story.head.end
    )
    papers = Counter((one.device, one.species, one.count) for one in record.captures)
    return PaperScore(
        animals_caught=sum(s.caught for s in caught),
        captures=len(caught),
        written=written.total(),
        in_papers=papers.total(),
        missing=(written - papers).total(),
        too_many=(papers - written).total(),
    )
