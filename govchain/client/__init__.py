"""Async SDK of a chain: build, submit, wait, read, prove, subscribe; fails over between validators."""

from govchain.client.answers import Admission, FinalEvent, KeyAnswer, TransactionStatus, ValidatorStatus
from govchain.client.client import Client
from govchain.client.reading import RecordRead
from govchain.client.signer import OrgSigner

__all__ = [
    "Admission",
    "Client",
    "FinalEvent",
    "KeyAnswer",
    "OrgSigner",
    "RecordRead",
    "TransactionStatus",
    "ValidatorStatus",
]
