"""What the worker raises.

SfuError
├── ConfigError         the configuration line is unusable; the worker does not start
└── RequestRefused      a control request is answered with `code`
    └── SdpError        a browser's description is unusable (`bad_sdp` or `sdp_too_large`)
"""


class SfuError(Exception):
    """Base of all of them."""


class ConfigError(SfuError):
    """The configuration line is unusable."""


class RequestRefused(SfuError):
    """A control request that changes nothing and is answered with `code` (docs/control-protocol.md)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SdpError(RequestRefused):
    """A description that cannot be used."""
