"""The link between the web process and a worker (docs/control-protocol.md)."""
