"""What a media worker tells, in the words of the clients."""

from collections.abc import Callable
from typing import Any

from conferences.signalling.data import DeliveredTile, Picture, Speaker, Track
from conferences.signalling.messages import base, server


def _offer_of(event: dict[str, Any]) -> server.SubscribeOffer:
    tracks = tuple(Track.read(track) for track in event["tracks"])
    where = {"transport_id": event["transport_id"], "revision": event["revision"]}
    return server.SubscribeOffer(**where, sdp=event["sdp"], tracks=tracks)


def speakers_of(event: dict[str, Any]) -> server.Speakers:
    speakers = tuple(Speaker.read(speaker) for speaker in event["speakers"])
    return server.Speakers(speakers=speakers, dominant=event["dominant"])


def _paused_of(event: dict[str, Any]) -> server.VideosPaused:
    return server.VideosPaused(pictures=tuple(Picture.read(tile) for tile in event["tiles"][: base.MAX_TILES]))


def _delivery_of(event: dict[str, Any]) -> server.Delivery:
    tiles = tuple(DeliveredTile.read(tile) for tile in event["tiles"][: base.MAX_TILES])
    return server.Delivery(estimate_kbps=event["estimate_kbps"], tiles=tiles)


def _layers_of(event: dict[str, Any]) -> server.LayersWanted:
    return server.LayersWanted(source=event["source"], layers=tuple(event["layers"]))


def _codec_of(event: dict[str, Any]) -> server.CodecRequired:
    return server.CodecRequired(source=event["source"], codec=event["codec"])


def _policed_of(event: dict[str, Any]) -> server.Policed:
    return server.Policed(source=event["source"], layers=tuple(event["layers"]))


_READERS: dict[str, Callable[[dict[str, Any]], base.ServerMessage]] = {
    "subscribe_offer": _offer_of,
    "paused": _paused_of,
    "codec_required": _codec_of,
    "layers_wanted": _layers_of,
    "policed": _policed_of,
    "delivery": _delivery_of,
}


def message_of(event: dict[str, Any]) -> base.ServerMessage:
    """The message for the client of the peer that an event is about."""
    return _READERS[event["type"]](event)
