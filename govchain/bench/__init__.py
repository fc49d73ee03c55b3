"""Measuring: the hot path beside the bare libraries, and real validator processes under load.

Figures go back to the caller; `govchain bench` prints and judges them.
"""
