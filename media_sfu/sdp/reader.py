"""Read a browser's description, offer or answer. Bounded before anything is parsed, linear while it is."""

import re
from collections.abc import Callable

from media_sfu.errors import SdpError
from media_sfu.sdp.model import Codec, Description, Section

MAX_BYTES = 32 * 1024
MAX_SECTIONS = 64
MAX_LINES = 2000
MAX_LINE = 1024
MAX_SSRC_LINES_PER_SECTION = 32
MAX_SSRC_LINES = 256
MAX_FORMATS = 128
MAX_RIDS = 3

KINDS = ("audio", "video", "application")
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_TOKEN = re.compile(r"[A-Za-z0-9_.+-]{1,16}\Z")
_RID = re.compile(r"[A-Za-z0-9_-]{1,16}\Z")
_CREDENTIAL = re.compile(r"[A-Za-z0-9+/=_-]{4,256}\Z")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}\Z")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,32}\Z")


def read_description(sdp: str) -> Description:
    """Read `sdp`. Raises SdpError: `sdp_too_large` beyond a limit, `bad_sdp` for everything else that is wrong."""
    session, *sections = _split(sdp)
    try:
        return _describe(_read_section(["m=application 9 session", *session]), [_read_section(s) for s in sections])
    except (ValueError, IndexError) as error:
        raise SdpError("bad_sdp") from error


def _split(sdp: str) -> list[list[str]]:
    """Lines of the session part and of each m-line, once the limits hold."""
    if len(sdp) > MAX_BYTES or len(sdp.encode(errors="replace")) > MAX_BYTES:
        raise SdpError("sdp_too_large")
    lines = sdp.replace("\r\n", "\n").split("\n")
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE:
        raise SdpError("sdp_too_large")
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    counts = [sum(line.startswith("a=ssrc:") for line in part) for part in parts]
    if len(parts) - 1 > MAX_SECTIONS or max(counts) > MAX_SSRC_LINES_PER_SECTION or sum(counts) > MAX_SSRC_LINES:
        raise SdpError("sdp_too_large")
    if not lines[0].startswith("v=0"):
        raise SdpError("bad_sdp")
    return parts


def _read_section(lines: list[str]) -> Section:
    kind, port, protocol, *formats = lines[0].removeprefix("m=").split()
    if kind not in KINDS or len(formats) > MAX_FORMATS:
        raise ValueError
    section = Section(kind, int(port.partition("/")[0]), protocol, formats)
    if kind != "application":
        section.codecs = {int(payload_type): Codec(int(payload_type)) for payload_type in formats}
    if any(not 0 <= payload_type <= 127 for payload_type in section.codecs):
        raise ValueError
    for line in lines[1:]:
        if line.startswith("a="):
            name, _, value = line[2:].partition(":")
            reader = _ATTRIBUTES.get(name)
            if reader is not None:
                reader(section, name, value.strip())
    return section


def _describe(session: Section, sections: list[Section]) -> Description:
    """Put session and m-line level together: a bundle has one transport, described at either place."""
    if not sections:
        raise ValueError
    mids = [section.mid for section in sections]
    if "" in mids or len(set(mids)) != len(mids):
        raise ValueError
    first = next((section for section in sections if not section.refused), sections[0])
    description = Description(
        sections,
        first.ice_ufrag or session.ice_ufrag,
        first.ice_pwd or session.ice_pwd,
        first.fingerprints or session.fingerprints,
        first.setup or session.setup,
    )
    if not (description.ice_ufrag and description.ice_pwd and description.fingerprints):
        raise ValueError
    return description


def _matched(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.match(value):
        raise ValueError
    return value


def _mid(section: Section, _: str, value: str) -> None:
    section.mid = _matched(_TOKEN, value)


def _bundle_only(section: Section, _: str, __: str) -> None:
    section.bundle_only = True


def _direction(section: Section, name: str, _: str) -> None:
    section.direction = name


def _setup(section: Section, _: str, value: str) -> None:
    section.setup = value


def _ice_ufrag(section: Section, _: str, value: str) -> None:
    section.ice_ufrag = _matched(_CREDENTIAL, value)


def _ice_pwd(section: Section, _: str, value: str) -> None:
    section.ice_pwd = _matched(_CREDENTIAL, value)


def _fingerprint(section: Section, _: str, value: str) -> None:
    algorithm, digest = value.split()
    if len(section.fingerprints) >= 4:
        raise ValueError
    section.fingerprints.append((algorithm.lower(), _matched(_FINGERPRINT, digest)))


def _rtpmap(section: Section, _: str, value: str) -> None:
    payload_type, mapping = value.split(maxsplit=1)
    codec = section.codecs.get(int(payload_type))
    if codec is None:
        return
    name, clock_rate, *channels = mapping.split("/")
    codec.name, codec.clock_rate = _matched(_NAME, name), int(clock_rate)
    codec.channels = int(channels[0]) if channels else 1


def _fmtp(section: Section, _: str, value: str) -> None:
    payload_type, _, parameters = value.partition(" ")
    codec = section.codecs.get(int(payload_type))
    if codec is None:
        return
    for parameter in parameters.split(";"):
        key, _, setting = parameter.strip().partition("=")
        codec.parameters[key.lower()] = setting


def _extmap(section: Section, _: str, value: str) -> None:
    number, uri = value.split()[:2]
    section.extensions.setdefault(uri, int(number.partition("/")[0]))


def _ssrc(section: Section, _: str, value: str) -> None:
    ssrc = _ssrc_number(value.split()[0])
    if ssrc not in section.ssrcs:
        section.ssrcs.append(ssrc)


def _ssrc_group(section: Section, _: str, value: str) -> None:
    semantics, *ssrcs = value.split()
    if semantics == "FID" and len(ssrcs) == 2 and len(section.repairs) < MAX_SSRC_LINES_PER_SECTION:
        section.repairs[_ssrc_number(ssrcs[0])] = _ssrc_number(ssrcs[1])


def _ssrc_number(text: str) -> int:
    ssrc = int(text)
    if not 0 <= ssrc < 2**32:
        raise ValueError
    return ssrc


def _simulcast(section: Section, _: str, value: str) -> None:
    """`send low;medium;high`: RFC 8853, without alternatives (after a comma) and the mark of a paused one (`~`)."""
    words = value.split()
    if "send" not in words:
        return
    listed = words[words.index("send") + 1].split(";")
    if len(listed) > MAX_RIDS:
        raise ValueError
    section.rids = [_matched(_RID, item.partition(",")[0].lstrip("~")) for item in listed]


_ATTRIBUTES: dict[str, Callable[[Section, str, str], None]] = {
    "mid": _mid,
    "bundle-only": _bundle_only,
    "setup": _setup,
    "ice-ufrag": _ice_ufrag,
    "ice-pwd": _ice_pwd,
    "fingerprint": _fingerprint,
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "extmap": _extmap,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "simulcast": _simulcast,
    **dict.fromkeys(_DIRECTIONS, _direction),
}
