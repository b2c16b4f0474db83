"""Nothing that is seen or heard reaches a file of ours.

strace writes down every file that any of our processes opens for writing during a meeting, and a worker in the page
takes samples of the encoded frames that are sent; no sample may be in any file, and the media server may open none.
"""

import fnmatch
import os
import re
from pathlib import Path

from tests.e2e.product import LiveOn, liveon, make_organisation
from tests.services import folder, wait_until

MEETING_S = 10
WRITTEN = re.compile(r"^(\d+) .*\bO_(?:WRONLY|RDWR)\b.* = \d+<([^>]+)>", re.MULTILINE)

# What LiveOn keeps, relative to its data folder.
KEPT = ("liveon.sqlite3*", "secret_key", "serve.lock", "celery/*")
# What belongs to nobody: devices, the interpreter's own cache of compiled modules.
ELSEWHERE = ("/dev/*", "/proc/*", "*/__pycache__/*")

SAMPLER = """
onrtctransform = ({transformer}) => transformer.readable.pipeThrough(new TransformStream({
  transform(frame, controller) {
    const bytes = new Uint8Array(frame.data);
    const from = bytes.length > 400 ? 200 : 16;
    if (bytes.length > from + 24) postMessage([...bytes.slice(from, from + 24)]);
    controller.enqueue(frame);
  },
})).pipeTo(transformer.writable);
"""
# Before the page's scripts: Chromium takes a transform only from a sender that has not sent yet.
START_SAMPLING = """
window.samples = [];
const addTransceiver = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (...options) {
  const transceiver = addTransceiver.apply(this, options);
  const worker = new Worker("/static/sampler.js");
  worker.onmessage = ({data}) => samples.push(data);
  transceiver.sender.transform = new RTCRtpScriptTransform(worker, {});
  return transceiver;
};
"""


def written_files(trace: Path) -> dict[int, set[str]]:
    """Process id → paths it has opened for writing."""
    found: dict[int, set[str]] = {}
    for pid, path in WRITTEN.findall(trace.read_text(errors="replace")):
        if not any(fnmatch.fnmatch(path, pattern) for pattern in ELSEWHERE):
            found.setdefault(int(pid), set()).add(path)
    return found


def contents(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def is_kept(path: str, product: LiveOn) -> bool:
    return any(fnmatch.fnmatch(path, os.path.normpath(product.data_dir / pattern)) for pattern in KEPT)


def test_a_meeting_leaves_no_media_in_any_file(person):
    with folder("strace") as directory:
        trace = directory / "trace"
        strace = ("strace", "-D", "-f", "--seccomp-bpf", "-y", "-qq", "-o", str(trace))
        with liveon(under=(*strace, "-e", "trace=open,openat,openat2,creat")) as product:
            samples = hold_meeting(product, person)
            media_server = set(product.child_pids("media_sfu"))
            stored = contents(product.data_dir.parent)
            files = written_files(trace)
    assert media_server
    assert len(samples) > 100
    assert [sample for sample in samples if sample in stored] == []
    assert {pid: paths for pid, paths in files.items() if pid in media_server} == {}
    assert {path for paths in files.values() for path in paths if not is_kept(path, product)} == set()


def hold_meeting(product: LiveOn, person) -> list[bytes]:
    """Two people, camera and microphone on; returns pieces of the encoded frames that the first one sent."""
    organisation = make_organisation(product, rooms=("open",))
    sender, viewer = person("red"), person("blue")
    sender.page.context.route(
        "**/sampler.js", lambda route: route.fulfill(body=SAMPLER, content_type="text/javascript")
    )
    sender.page.add_init_script(START_SAMPLING)
    for each, login_id in ((sender, "host"), (viewer, "sato")):
        each.login(organisation, login_id)
        each.join(organisation.rooms["open"])
    viewer.wait_for_colours("red", "blue")
    sender.page.wait_for_timeout(MEETING_S * 1000)
    wait_until(lambda: viewer.inbound("video")[0]["framesDecoded"] > 50, what="the picture")
    return [bytes(sample) for sample in sender.page.evaluate("() => samples")]
