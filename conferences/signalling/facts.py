"""What a media worker tells, in the words of the clients."""

from typing import Any

from conferences.signalling import messages as wire
from conferences.signalling.data import Picture, Speaker, Track


def offer_of(event: dict[str, Any]) -> wire.SubscribeOffer:
    tracks = tuple(Track.read(track) for track in event["tracks"])
    where = {"transport_id": event["transport_id"], "revision": event["revision"]}
    return wire.SubscribeOffer(**where, sdp=event["sdp"], tracks=tracks)


def speakers_of(event: dict[str, Any]) -> wire.Speakers:
    speakers = tuple(Speaker.read(speaker) for speaker in event["speakers"])
    return wire.Speakers(speakers=speakers, dominant=event["dominant"])


def paused_of(event: dict[str, Any]) -> wire.VideosPaused:
    return wire.VideosPaused(pictures=tuple(Picture.read(tile) for tile in event["tiles"][: wire.MAX_TILES]))
