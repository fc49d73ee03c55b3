"""What rules have in common: the attempt that they judge, the rules of every record, and what a rule is.

What a single kind of record asks for is in `govchain.ledger.kinds`. No I/O, no clock.
"""
