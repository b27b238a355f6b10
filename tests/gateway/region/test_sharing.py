"""gateway.region.sharing: which level holds when, and nothing finer than it in a place or a count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.geo import mesh, mesh_code
from gateway.domain.people import agreement as agreement_module
from gateway.domain.people.agreement import Agreement, AgreementError, ShareLevel
from gateway.region import sharing
from gateway.region.sharing import SharedPlace

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = st.sampled_from([TOKYO, ZoneInfo("UTC"), ZoneInfo("America/St_Johns")])
DAY = date(2026, 11, 29)
levels = st.sampled_from([None, *ShareLevel])
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
latitudes = st.floats(0, mesh.MAX_LAT, exclude_max=True)
longitudes = st.floats(mesh.MIN_LON, mesh.MAX_LON, exclude_max=True)


def agreed(level: ShareLevel = ShareLevel.KM5, **other: object) -> Agreement:
    """An agreement of one day, unless said otherwise."""
    known = Agreement(
        id="a1",
        giver="goto",
        taker="nagasaki",
        level=level,
        from_day=DAY,
        until_day=DAY,
        made_at=datetime(2026, 11, 1, tzinfo=UTC),
        made_by="mori",
    )
    return replace(known, **other)


agreements = st.builds(
    lambda level, first, length, taker, revoked: agreed(
        level,
        from_day=first,
        until_day=None if length is None else first + timedelta(days=length),
        taker=taker,
        revoked_at=revoked,
    ),
    st.sampled_from(ShareLevel),
    days,
    st.none() | st.integers(0, 3_000),
    st.sampled_from(["nagasaki", "japan"]),
    st.none() | moments,
)


def test_an_agreement_that_ends_today_holds_until_midnight_of_the_giver() -> None:
    last = datetime(2026, 11, 29, 23, 59, 59, tzinfo=TOKYO)
    assert agreed().holds(last, TOKYO)
    assert not agreed().holds(last + timedelta(seconds=1), TOKYO)
    assert last.astimezone(UTC).date() == DAY, "in UTC the day would go on for nine hours"
    assert agreed().ends_at(TOKYO) == datetime(2026, 11, 29, 15, tzinfo=UTC)


def test_an_agreement_begins_at_midnight_of_the_giver() -> None:
    first = datetime(2026, 11, 29, tzinfo=TOKYO)
    assert agreed().holds(first, TOKYO)
    assert not agreed().holds(first - timedelta(milliseconds=1), TOKYO)


def test_a_revoked_agreement_ends_at_that_moment() -> None:
    noon = datetime(2026, 11, 29, 12, tzinfo=TOKYO)
    ended = agreement_module.revoked(agreed(), "mori", noon)
    assert ended.holds(noon - timedelta(milliseconds=1), TOKYO)
    assert not ended.holds(noon, TOKYO)
    assert (ended.version, agreed().version) == (2, 1)
    with pytest.raises(AgreementError, match="revoked already"):
        agreement_module.revoked(ended, "mori", noon)


@given(st.lists(agreements, max_size=8), moments, ZONES)
def test_the_finest_agreement_that_holds_decides_and_others_give_nothing(
    known: list[Agreement], now: datetime, zone: ZoneInfo
) -> None:
    today = now.astimezone(zone).date()
    valid = [
        one
        for one in known
        if one.from_day <= today
        and (one.until_day is None or today <= one.until_day)
        and not (one.revoked_at and one.revoked_at <= now)
    ]
    order = list(ShareLevel)
    for taker in ("nagasaki", "japan", "stranger"):
        given_levels = sorted((one.level for one in valid if one.taker == taker), key=order.index)
        assert sharing.level_for(taker, known, now, zone) == next(iter(given_levels), None)
    everybody = sorted((one.level for one in valid), key=order.index)
    assert sharing.leaving(known, now, zone) == next(iter(everybody), None)


@given(st.lists(agreements, max_size=5), moments, ZONES)
def test_between_now_and_the_next_change_nothing_changes_by_itself(
    known: list[Agreement], now: datetime, zone: ZoneInfo
) -> None:
    change = sharing.next_change(known, now, zone)
    just_before = (change or sharing.FOREVER) - timedelta(milliseconds=1)
    for taker in ("nagasaki", "japan"):
        assert sharing.level_for(taker, known, now, zone) == sharing.level_for(
            taker, known, just_before, zone
        )


@given(latitudes, longitudes, levels)
def test_a_place_is_never_finer_than_its_level(
    lat: float, lon: float, level: ShareLevel | None
) -> None:
    place = sharing.shared_place(lat, lon, level)
    assert (place.lat is not None) == (level is ShareLevel.EXACT)
    assert bool(place.mesh1km) == (level in {ShareLevel.EXACT, ShareLevel.KM1})
    assert place.mesh5km == ("" if level is None else mesh.code(lat, lon, "5km"))
    if place.mesh1km:
        assert mesh_code.parent(place.mesh1km, "5km") == place.mesh5km


@given(st.data(), st.sampled_from([ShareLevel.KM1, ShareLevel.KM5]))
def test_places_of_one_square_leave_as_the_same_bytes(
    data: st.DataObject, level: ShareLevel
) -> None:
    square: mesh.MeshLevel = "1km" if level is ShareLevel.KM1 else "5km"
    code = mesh.code(data.draw(latitudes), data.draw(longitudes), square)
    edges = mesh.bounds(code)

    def inside() -> tuple[float, float]:
        north = min(edges.north, mesh.MAX_LAT)  # the grid ends below the edge of its last square
        east = min(edges.east, mesh.MAX_LON)
        lat = data.draw(st.floats(edges.south, north, exclude_max=True))
        return lat, data.draw(st.floats(edges.west, east, exclude_max=True))

    one, other = inside(), inside()
    if mesh.code(*one, square) == mesh.code(*other, square):
        assert sharing.shared_place(*one, level) == sharing.shared_place(*other, level)


@given(latitudes, longitudes, levels, levels)
def test_what_was_coarsened_twice_is_as_coarse_as_the_coarser_level(
    lat: float, lon: float, first: ShareLevel | None, second: ShareLevel | None
) -> None:
    order: list[ShareLevel | None] = [*ShareLevel, None]
    coarsest = max(first, second, key=order.index)
    place = sharing.coarser(sharing.shared_place(lat, lon, first), second)
    assert place == sharing.shared_place(lat, lon, coarsest)


@pytest.mark.parametrize("place", [(None, None), (35.0, None), (-1.0, 128.0), (32.0, 12.0)])
def test_without_a_place_or_outside_the_grid_no_square_is_given(
    place: tuple[float | None, float | None],
) -> None:
    assert sharing.shared_place(*place, ShareLevel.KM5) == SharedPlace()


@given(st.integers(0, 10_000))
def test_a_small_count_is_hidden_and_others_are_told_in_steps(n: int) -> None:
    shown = sharing.shown_count(n)
    assert (shown is None) == (1 <= n <= 4)
    if shown is not None:
        assert shown % sharing.LEAST_SHOWN == 0
        assert 0 <= n - shown < sharing.LEAST_SHOWN


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"taker": ""}, "1 to 64 characters"),
        ({"taker": "goto"}, "this town itself"),
        ({"note": "x" * 201}, "200 characters"),
        ({"from_day": DAY - timedelta(days=1)}, "2026-11-29"),
        ({"until_day": DAY - timedelta(days=1)}, "last day"),
        ({"until_day": date(2200, 1, 1), "from_day": DAY}, "2199-12-31"),
    ],
)
def test_an_agreement_that_cannot_be_says_what_is_allowed(
    wrong: dict[str, object], text: str
) -> None:
    agreement_module.check(agreed(), DAY)
    with pytest.raises(AgreementError, match=text):
        agreement_module.check(agreed(**wrong), DAY)  # type: ignore[arg-type]


def test_sharing_loads_neither_numpy_nor_shapely() -> None:
    """The always-on service coarsens places: a board pays for no arrays."""
    import subprocess
    import sys

    code = "import sys, gateway.region.sharing; print('numpy' in sys.modules, 'shapely' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "False"]
