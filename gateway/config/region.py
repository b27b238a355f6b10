"""Settings of the region to which a town sends its record. Owns their types and limits."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class RegionSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A region that adds up its towns. `shishigaki region join FILE` fills most of it in."""

    url: Annotated[
        str,
        Meta(pattern=r"^(https?://[^\s/?#@]+)?\Z", description="https://host or https://host:port"),
    ] = ""  # empty: nothing is sent, and nothing of it is loaded
    town: Annotated[
        str, Meta(pattern=r"^[a-z0-9-]{0,32}\Z", description="a-z, 0-9 and -, at most 32")
    ] = ""  # the town's name in the region, as its certificate says
    certificate: str = ""  # file: the town's certificate,
    key: str = ""  # and its private key
    ca: str = ""  # file: who vouches for the region; empty: the system's certificates
    proxy: Annotated[
        str,
        Meta(pattern=r"^(http://[^\s/?#]+/?)?\Z", description="http://[user:password@]host:port"),
    ] = ""
    interval_s: Annotated[float, Meta(ge=0.05, le=3_600)] = 5.0  # new events are sent this often
    batch: Annotated[int, Meta(ge=1, le=500)] = 500  # records in one block
    timeout_s: Annotated[float, Meta(gt=0)] = 30.0  # for one block, all in all
    requests: tuple[Literal["acknowledge", "message"], ...] = (
        "message",
    )  # that the region may make

    def problem(self) -> str:
        """What does not fit together, or ""."""
        if self.url and not self.town:
            return (
                "region.town is empty: give the town's name in the region; region join FILE does it"
            )
        if bool(self.certificate) != bool(self.key):
            return "region.certificate and region.key belong together: give both or neither"
        return ""
