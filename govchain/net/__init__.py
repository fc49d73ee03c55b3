"""Frames between validators over mutually authenticated TLS. Payloads are opaque; truth is elsewhere."""

from govchain.net.network import PeerNetwork
from govchain.net.tls import TlsContexts, TlsFiles

__all__ = ["PeerNetwork", "TlsContexts", "TlsFiles"]
