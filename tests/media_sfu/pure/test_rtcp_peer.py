"""aiortc reads what we build: a second opinion on the wire format."""

from aiortc import rtp

from media_sfu.rtp import rtcp

REPORT = rtcp.ReportBlock(7, 128, -3, 0x10005, 90, 0xAABBCCDD, 65536)


def test_reports_are_read_by_aiortc():
    data = rtcp.sender_report(1, ntp=2**40, rtp_timestamp=9, packets=3, octets=4, reports=(REPORT,))
    data += rtcp.receiver_report(2, (REPORT,)) + rtcp.source_description(1, b"someone") + rtcp.bye((1, 2))
    sender, receiver, description, goodbye = rtp.RtcpPacket.parse(data)
    assert isinstance(sender, rtp.RtcpSrPacket)
    assert (sender.sender_info.ntp_timestamp, sender.sender_info.rtp_timestamp) == (2**40, 9)
    assert isinstance(receiver, rtp.RtcpRrPacket)
    assert receiver.reports == sender.reports
    assert (receiver.reports[0].packets_lost, receiver.reports[0].fraction_lost) == (-3, 128)
    assert isinstance(description, rtp.RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"someone")]
    assert isinstance(goodbye, rtp.RtcpByePacket)
    assert goodbye.sources == [1, 2]


def test_feedback_is_read_by_aiortc():
    loss, picture = rtp.RtcpPacket.parse(
        rtcp.nack(1, 2, (65000, 65001, 65016, 65018)) + rtcp.picture_loss_indication(1, 2)
    )
    assert isinstance(loss, rtp.RtcpRtpfbPacket)
    assert loss.lost == [65000, 65001, 65016, 65018]
    assert isinstance(picture, rtp.RtcpPsfbPacket)
    assert (picture.fmt, picture.media_ssrc) == (rtp.RTCP_PSFB_PLI, 2)
