"""What the worker knows of a description."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Codec:
    """One payload type of an m-line: name as in `a=rtpmap`, parameters as in `a=fmtp`."""

    payload_type: int
    name: str = ""
    clock_rate: int = 0
    channels: int = 1
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Section:
    """One m-line."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    mid: str = ""
    bundle_only: bool = False  # its port is 0 and it is not refused all the same (RFC 8843 §6)
    direction: str = "sendrecv"
    setup: str = ""
    ice_ufrag: str = ""
    ice_pwd: str = ""
    fingerprints: list[tuple[str, str]] = field(default_factory=list)
    codecs: dict[int, Codec] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: list[int] = field(default_factory=list)
    repairs: dict[int, int] = field(default_factory=dict)  # media SSRC -> RTX SSRC, from ssrc-group:FID
    rids: list[str] = field(default_factory=list)  # sent ones, in the order of a=simulcast

    @property
    def refused(self) -> bool:
        return self.port == 0 and not self.bundle_only

    @property
    def sends(self) -> bool:
        return not self.refused and self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        return not self.refused and self.direction in ("sendrecv", "recvonly")

    def codec(self, name: str) -> Codec | None:
        """The first payload type of this codec, in the order of the m-line."""
        return next((codec for codec in self.codecs.values() if codec.name.lower() == name.lower()), None)

    def repair_of(self, payload_type: int) -> int | None:
        """The RTX payload type that repairs `payload_type` (RFC 4588)."""
        for codec in self.codecs.values():
            if codec.name.lower() == "rtx" and codec.parameters.get("apt") == str(payload_type):
                return codec.payload_type
        return None


@dataclass(slots=True)
class Description:
    """A whole description whose sections are all bundled on one transport."""

    sections: list[Section]
    ice_ufrag: str
    ice_pwd: str
    fingerprints: list[tuple[str, str]]
    setup: str
