"""govchain: a permissioned chain for government records, rehearsed and measured before it is trusted."""

__version__ = "0.1.0"
