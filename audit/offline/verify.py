"""Checks an export of LiveOn's audit log: nothing in it was changed, removed, inserted or moved since it was made.

    python3 verify.py EXPORT.zip [--anchor HEAD.eml] [--trust KEY] [--json]

Needs Python 3.9 or newer and nothing else. `--anchor` takes a saved head mail, `--trust` a key id or public key that
you have from elsewhere. Ends with status 1 when something was found. What is proven and what is not: docs/audit-log.md
of LiveOn. Whoever changed an export may have changed this file in it too: better use an older one.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import hashlib
import json
import re
import sys
import zipfile
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # the pure Python below does the same, slower
    Ed25519PublicKey = None  # type: ignore[assignment, misc]

GENESIS = "0" * 64  # stands before a tenant's first event
MOST_LISTED = 100  # findings of one kind; more are only counted
ANCHOR = re.compile(r'\{[^{}]*"liveon_anchor"[^{}]*\}')
ANCHOR_NAMES = ("day", "hash", "seq", "signed_at", "tenant")
UNLISTED = ("manifest.json", "verify.py")  # of an export: the list itself, and this file

ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
Document = Mapping[str, Any]


def canonical(document: Any) -> bytes:
    """Sorted names, no spaces, UTF-8: the one form in which a document is hashed and signed."""
    return ENCODE(document).encode("utf-8", "surrogatepass")


def hash_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def key_id_of(public_key: str) -> str:
    """The first 16 hex digits of the SHA-256 of the public key, itself given as hex."""
    return hash_of(bytes.fromhex(public_key))[:16]


def is_signature(public_key: str, signature: str, document: Any) -> bool:
    """Whether `signature` (hex) is the one of `public_key` (hex) over the document's canonical form."""
    try:
        key, signed = bytes.fromhex(public_key), bytes.fromhex(signature)
    except (TypeError, ValueError):
        return False
    if Ed25519PublicKey is None:
        return ed25519_verifies(key, signed, canonical(document))
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, canonical(document))
    except Exception:  # an invalid key or an invalid signature
        return False
    return True


# Ed25519 verification in pure Python, after RFC 8032 sections 5.1.3, 5.1.4 and 5.1.7. A point is (X, Y, Z, T) with
# x = X/Z, y = Y/Z, xy = T/Z. Not constant in time: nothing here is secret.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def ed25519_verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    a = _decoded(public_key)
    r = _decoded(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    left, right = _times(s, BASE), _plus(r, _times(k, a))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def _decoded(encoded: bytes) -> Any:
    """The point of 32 bytes, or None when there is none."""
    if len(encoded) != 32:
        return None
    number = int.from_bytes(encoded, "little")
    y, odd = number % 2**255, number >> 255
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or v * x * x % P != u or (x == 0 and odd):
        return None
    x = x if x % 2 == odd else P - x
    return x, y, 1, x * y % P


def _plus(one: Any, two: Any) -> Any:
    a, b = (one[1] - one[0]) * (two[1] - two[0]) % P, (one[1] + one[0]) * (two[1] + two[0]) % P
    c, d = 2 * one[3] * two[3] * D % P, 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Any) -> Any:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _plus(total, point)
        point, number = _plus(point, point), number >> 1
    return total


BASE = _decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


class Finding(NamedTuple):
    """One thing that is wrong. `kind` is a stable word, `seq` the place in the chain if it has one."""

    kind: str
    text: str
    seq: int | None = None


class Findings:
    """What was found, at most `MOST_LISTED` of a kind in full; `counts` has them all."""

    def __init__(self) -> None:
        self.listed: list[Finding] = []
        self.counts: dict[str, int] = {}

    def add(self, kind: str, text: str, seq: int | None = None) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_LISTED:
            self.listed.append(Finding(kind, text, seq))

    def lines(self) -> list[str]:
        more = [(kind, count - MOST_LISTED) for kind, count in self.counts.items() if count > MOST_LISTED]
        return [f"{each.kind}: {each.text}" for each in self.listed] + [f"{kind}: {n:,} more" for kind, n in more]


class Mark(NamedTuple):
    """A place where the chain must pass: what says so (a head, an anchor) and since when, and the hash there."""

    name: str
    seq: int
    hash: str
    signed_at: str


class Walk:
    """One way along a chain: every event and every tombstone must take up where the one before ended.

    Starts after `begin`; there the hash is only known at the very beginning (0). With `gaps` a selection of events is
    walked: what lies between them is not asked for.
    """

    def __init__(
        self,
        findings: Findings,
        tombstones: Iterable[Document],
        marks: Iterable[Mark],
        *,
        begin: int = 0,
        gaps: Any = 0,
    ) -> None:
        self.findings, self.gaps = findings, gaps
        self.seq, self.hash = begin, None if begin else GENESIS
        self.passed = 0  # marks that the chain went through
        self._buried_to = 0
        self._tombstones = deque(sorted(tombstones, key=lambda each: int(each["first_seq"])))
        self._marks: dict[int, list[Mark]] = {}
        for mark in marks:
            self._marks.setdefault(mark.seq, []).append(mark)

    def event(self, seq: int, prev_hash: str, own_hash: str) -> None:
        while self._tombstones and self._tombstones[0]["first_seq"] <= seq:
            self._bury(self._tombstones.popleft())
        if seq <= self._buried_to:
            self.findings.add("inserted", f"#{seq} stands in a range that was deleted with a tombstone", seq)
        elif seq <= self.seq:
            self.findings.add("reordered", f"#{seq} comes after #{self.seq}: moved, or a second time", seq)
        else:
            self._go_on(seq, seq, prev_hash, own_hash)

    def end(self) -> None:
        """After the last event: what is left must be buried, and no mark may lie ahead."""
        while self._tombstones:
            self._bury(self._tombstones.popleft())
        for mark in sorted(each for seq, marks in self._marks.items() if seq > self.seq for each in marks):
            text = f"{mark.name} stands at #{mark.seq}, but the chain ends at #{self.seq}: "
            self.findings.add("truncated", text + "its tail was cut off, or an older database was restored", mark.seq)

    def _bury(self, stone: Document) -> None:
        first, last = int(stone["first_seq"]), int(stone["last_seq"])
        if first <= self.seq:
            self.findings.add("forged_tombstone", f"the tombstone #{first}-#{last} lies over what still stands", first)
            return
        self._buried_to = last
        self._go_on(first, last, str(stone["prev_hash"]), str(stone["last_hash"]))

    def _go_on(self, first: int, last: int, prev_hash: str, last_hash: str) -> None:
        if first > self.seq + 1:
            if not self.gaps:
                self.findings.add("deleted", f"#{self.seq + 1}-#{first - 1}: missing, without a tombstone", first - 1)
        elif self.hash is not None and prev_hash != self.hash:
            text = f"#{first} was not sealed after this #{self.seq}: one of them was changed, exchanged or inserted"
            self.findings.add("changed", text, self.seq)
        self.seq, self.hash = last, last_hash
        for mark in self._marks.get(last, ()):
            self.passed += mark.hash == last_hash
            if mark.hash != last_hash:
                text = f"{mark.name} has another hash at #{last}: the chain was rewritten at or before it"
                self.findings.add("rewritten", text, last)


def key_document(key: Document) -> dict[str, Any]:
    """What a key's predecessor signs."""
    names = ("key_id", "public_key", "predecessor", "created_at")
    return {"type": "audit_key", **{name: key[name] for name in names}}


def trusted_keys(keys: Sequence[Document], roots: Iterable[str], findings: Findings) -> dict[str, str]:
    """Public key by id: those of `roots` (ids or public keys), and in turn every key that one of them cross-signed."""
    roots, trusted = set(roots), {}
    for key in keys:
        if key_id_of(key["public_key"]) != key["key_id"]:
            findings.add("wrong_key", f"key {key['key_id']} is not the key of this id")
        elif key["key_id"] in roots or key["public_key"] in roots:
            trusted[key["key_id"]] = key["public_key"]
    waiting = [key for key in keys if key["key_id"] not in trusted and key_id_of(key["public_key"]) == key["key_id"]]
    for _generation in keys:
        for key in waiting:
            by = trusted.get(key["predecessor"] or "")
            if by and is_signature(by, key["cross_signature"], key_document(key)):
                trusted[key["key_id"]] = key["public_key"]
    return trusted


def check_signed(what: str, kind: str, signed: Document, keys: Mapping[str, str], findings: Findings) -> bool:
    """Whether `signed` ({document, key_id, signature}) is signed by one of `keys`; a finding when it is not."""
    key_id = signed["key_id"]
    if key_id not in keys:
        findings.add("wrong_key", f"{what} is signed by key {key_id or '(none)'}, which is not trusted")
        return False
    if not is_signature(keys[key_id], signed["signature"], signed["document"]):
        findings.add(kind, f"{what} does not carry the signature of key {key_id}")
        return False
    return True


def read_anchors(content: bytes) -> list[dict[str, Any]]:
    """The anchors in a text or in a saved mail, in whatever lines a mail program broke them. ValueError: none."""
    parts = email.message_from_bytes(content, policy=email.policy.default).walk()
    texts = [part.get_content() for part in parts if part.get_content_maintype() == "text"]
    blocks = ANCHOR.findall("\n".join(texts)) or ANCHOR.findall(content.decode("utf-8", "replace"))
    anchors = [json.loads(re.sub(r"[\s>]", "", block)) for block in blocks]
    found = {canonical(anchor): anchor for anchor in anchors}
    if not found:
        raise ValueError("no head of a chain in it")
    return list(found.values())


def head_document(head: Document) -> dict[str, Any]:
    """What is signed of a head."""
    return {"type": "audit_head", **{name: head[name] for name in ANCHOR_NAMES}}


def marks_of(anchors: Iterable[Document], tenant: str, keys: Mapping[str, str], findings: Findings) -> list[Mark]:
    """The tenant's anchors as marks; one whose signature is not right is a finding and none."""
    marks = []
    for anchor in (each for each in anchors if each.get("tenant") == tenant):
        what = f"the anchor of {anchor['day']}"
        signed = {"document": head_document(anchor), "key_id": anchor["key_id"], "signature": anchor["signature"]}
        if check_signed(what, "forged_head", signed, keys, findings):
            marks.append(Mark(what, int(anchor["seq"]), str(anchor["hash"]), str(anchor["signed_at"])))
    return marks


def check_files(export: zipfile.ZipFile, manifest: Document, findings: Findings) -> None:
    listed = {each["name"]: each for each in manifest["files"]}
    names = export.namelist()
    for name in sorted(name for name in set(names) if name not in {*listed, *UNLISTED} or names.count(name) > 1):
        findings.add("inserted", f"{name} is not in the manifest, or twice in the file")
    for name, entry in listed.items():
        if name not in names:
            findings.add("deleted", f"{name} is missing")
        elif _digest(export, name) != (entry["size"], entry["sha256"]):
            findings.add("changed", f"{name} is not the file that was exported")


def _digest(export: zipfile.ZipFile, name: str) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with export.open(name) as file:
        while chunk := file.read(1 << 20):
            size += len(chunk)
            digest.update(chunk)
    return size, digest.hexdigest()


def check_events(
    export: zipfile.ZipFile, manifest: Document, marks: list[Mark], stones: list[Any], findings: Findings
) -> None:
    claim = manifest["events"]
    begin = int(claim["first_seq"] or 1)
    for stone in sorted(stones, key=lambda each: -int(each["last_seq"])):
        begin = int(stone["first_seq"]) if stone["last_seq"] == begin - 1 else begin
    within = [stone for stone in stones if begin <= stone["first_seq"] and stone["last_seq"] <= claim["last_seq"]]
    reached = [mark for mark in marks if begin <= mark.seq <= claim["last_seq"]]
    walk = Walk(findings, within, reached, begin=begin - 1, gaps=claim["filtered"])
    count = 0
    with export.open(claim["file"]) as lines:
        for line in lines:
            event = json.loads(line)
            if event["tenant"] != manifest["tenant"]["id"]:
                findings.add("inserted", f"#{event['seq']} belongs to another organisation", event["seq"])
            walk.event(event["seq"], event["prev_hash"], hash_of(line.rstrip(b"\n")))
            count += 1
    walk.end()
    if (count, walk.seq, walk.hash) != (claim["count"], claim["last_seq"], claim["last_hash"]):
        text = f"{count} events up to #{walk.seq}, but {claim['count']} up to #{claim['last_seq']} were exported"
        findings.add("truncated" if walk.seq < claim["last_seq"] else "changed", text, walk.seq)


def check_export(path: Path, anchors: list[Any], trust: list[str], findings: Findings) -> dict[str, Any]:
    """Everything that an export claims; returns its manifest."""
    export = zipfile.ZipFile(path)
    with export.open("manifest.json") as file:
        signed = json.load(file)
    manifest: dict[str, Any] = signed["document"]
    listed = {key["key_id"]: key["public_key"] for key in manifest["keys"]}
    roots = [*trust, *(anchor["public_key"] for anchor in anchors)] or list(listed)
    trusted = trusted_keys(manifest["keys"], roots, findings)
    if not check_signed("the manifest", "changed", signed, trusted, findings):
        return manifest
    for stone in manifest["tombstones"]:
        first, last = stone["document"]["first_seq"], stone["document"]["last_seq"]
        check_signed(f"the tombstone #{first}-#{last}", "forged_tombstone", stone, listed, findings)
    marks = marks_of(anchors, manifest["tenant"]["id"], listed, findings)
    for mark in marks:
        if mark.seq > manifest["tip"]["seq"] and mark.signed_at < manifest["made_at"]:
            findings.add("truncated", f"{mark.name} stands at #{mark.seq}, behind the chain's end when it was exported")
    for head in manifest["heads"]:
        what, document = f"the head of {head['document']['day']}", head["document"]
        if check_signed(what, "forged_head", head, listed, findings):
            marks.append(Mark(what, document["seq"], document["hash"], document["signed_at"]))
    check_files(export, manifest, findings)
    if manifest["events"]:
        stones = [stone["document"] for stone in manifest["tombstones"]]
        check_events(export, manifest, marks, stones, findings)
    return manifest


def report(manifest: Document, findings: Findings, *, vouched: Any) -> list[str]:
    events = manifest["events"] or {"count": 0, "first_seq": 0, "last_seq": 0, "filtered": False}
    kind = "a selection" if events["filtered"] else "an unbroken range"
    lines = [
        f"{manifest['tenant']['name']} ({manifest['tenant']['slug']}), exported {manifest['made_at']}",
        f"{events['count']:,} events, {kind}, #{events['first_seq']}-#{events['last_seq']}",
        f"{len(manifest['tombstones'])} tombstones, {len(manifest['heads'])} heads, {len(manifest['files'])} files",
    ]
    if not vouched:
        lines.append("Nothing given vouches for its key: compare the public key below with that in a head mail.")
        lines += [f"key {key['key_id']}: {key['public_key']}" for key in manifest["keys"]]
    return [*lines, *findings.lines(), "FINDINGS: the export is not as it was made." if findings.counts else "OK"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks an export of LiveOn's audit log.")
    parser.add_argument("export", type=Path, help="the zip file")
    parser.add_argument("--anchor", action="append", default=[], type=Path, help="a saved head mail; repeatable")
    parser.add_argument("--trust", action="append", default=[], help="a key id or public key; repeatable")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options, findings = parser.parse_args(arguments), Findings()
    try:
        anchors = [anchor for path in options.anchor for anchor in read_anchors(path.read_bytes())]
        manifest = check_export(options.export, anchors, options.trust, findings)
        lines = report(manifest, findings, vouched=anchors or options.trust)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        findings.add("unreadable", f"{type(error).__name__}: {error}")
        lines = findings.lines()
    vouched = bool(options.anchor or options.trust)  # else only the key that the export itself names was asked
    found = {"ok": not findings.counts, "vouched": vouched, "findings": [each._asdict() for each in findings.listed]}
    sys.stdout.write((json.dumps(found) if options.json else "\n".join(lines)) + "\n")
    return 1 if findings.counts else 0


if __name__ == "__main__":
    sys.exit(main())
