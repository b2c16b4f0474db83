"""Sockets, ICE-lite, DTLS: everything that touches the network."""
