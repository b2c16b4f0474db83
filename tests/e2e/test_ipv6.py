"""A meeting in which nothing has an IPv4 address: the page, the socket and the media are on ::1."""

import socket
from collections.abc import Iterator

import pytest

from tests.e2e.person import Person
from tests.e2e.product import LiveOn, liveon, make_organisation
from tests.e2e.test_crash import frames
from tests.services import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(420)]

# Local and remote address of every pair that carries something, and whether the page may use the camera.
ADDRESSES = """async () => {
  const found = [];
  for (const peer of probe.peers()) {
    const stats = await peer.getStats();
    for (const { type, nominated, state, localCandidateId, remoteCandidateId } of stats.values()) {
      if (type !== "candidate-pair" || !nominated || state !== "succeeded") continue;
      found.push(stats.get(localCandidateId).address, stats.get(remoteCandidateId).address);
    }
  }
  return [isSecureContext, found.map((address) => address ?? "")];
}"""
FORBID_IPV4 = """(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class RTCPeerConnection extends Native {
    setRemoteDescription(description) {
      if (/^a=candidate:.* \\d+\\.\\d+\\.\\d+\\.\\d+ /m.test(description.sdp)) throw new Error("an IPv4 candidate");
      return super.setRemoteDescription(description);
    }
  };
})();"""


@pytest.fixture(scope="module")
def product() -> Iterator[LiveOn]:
    """`serve --host ::1` with nothing else configured; media too stays on ::1."""
    if not has_ipv6():
        pytest.skip("needs IPv6")
    with liveon(host="::1", LIVEON_MEDIA_ADDRESS="::1") as found:
        yield found


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_video_moves_both_ways_over_ipv6_alone(product, person, kind):
    organisation = make_organisation(product, f"six-{kind}", rooms=("open",))
    people: list[Person] = [person("red"), person("blue", kind)]
    for each, login_id in zip(people, ("host", "sato"), strict=True):
        each.page.add_init_script(FORBID_IPV4)
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    for each in people:
        each.wait_for_colours("red", "blue")
    for each in people:
        before = frames(each)
        wait_until(lambda each=each, before=before: frames(each) > before + 20, what="moving video", every=0.25)
        is_secure, addresses = each.page.evaluate(ADDRESSES)
        assert is_secure
        assert len(addresses) >= 4
        assert all(":" in address for address in addresses)
    assert "[::1]" in people[0].page.url
