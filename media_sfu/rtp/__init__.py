"""RTP and RTCP on the wire: bounded parsers and builders on plain bytes."""
