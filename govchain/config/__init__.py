"""Strict YAML into frozen structs: every mistake is an error with file, line, what was found and expected.

The only room that sees the YAML library. It knows types, never what a configuration means.
"""

from govchain.config.convert import Loaded
from govchain.config.loader import load_document, load_yaml, parse_document, parse_yaml
from govchain.config.schema import schema_of
from govchain.config.settings import Setting
from govchain.config.units import BitsPerSecond, DurationNs, SizeBytes
from govchain.config.writer import write_yaml

__all__ = [
    "BitsPerSecond",
    "DurationNs",
    "Loaded",
    "Setting",
    "SizeBytes",
    "load_document",
    "load_yaml",
    "parse_document",
    "parse_yaml",
    "schema_of",
    "write_yaml",
]
