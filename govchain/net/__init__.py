"""Frames between validators over mutually authenticated TLS. Payloads are opaque; truth is elsewhere."""

from govchain.net.faults import FaultyLinks
from govchain.net.network import PeerNetwork
from govchain.net.tls import TlsContexts, TlsFiles

__all__ = ["FaultyLinks", "PeerNetwork", "TlsContexts", "TlsFiles"]
