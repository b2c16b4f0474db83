"""Session descriptions (RFC 8866, JSEP RFC 9429): bounded reading, own writing. SDP exists only at the edge of the
worker.
"""
