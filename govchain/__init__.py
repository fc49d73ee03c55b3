"""govchain: a permissioned chain for government records that can be rehearsed, broken and measured before it is trusted."""

__version__ = "0.1.0"
