"""Twisted's words for where to listen."""


def endpoint(host: str, port: int, certificate: str = "", key: str = "") -> str:
    """A Twisted server endpoint description; colons in it are escaped (IPv6)."""
    interface = host.replace(":", r"\:")
    if certificate:
        return f"ssl:{port}:privateKey={key}:certKey={certificate}:interface={interface}"
    return f"tcp:{port}:interface={interface}"
