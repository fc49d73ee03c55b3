"""Stored blocks: one after the other, certified, found by id (checks `blocks`, `index`, `final`).

A missing or wrong block cannot be made again here: others have it.
"""

from __future__ import annotations

from typing import Final

from govchain.crypto import digest_of, verify_finality
from govchain.crypto.log_tree import compute_root
from govchain.doctor.findings import START_ANEW, Sheet, Text
from govchain.errors import GovchainError
from govchain.ledger.head import encode_location
from govchain.ledger.snapshot import first_block
from govchain.model import Space, Write
from govchain.node.finality import FINAL_KEY
from govchain.node.parts import NodeParts
from govchain.storage import Store

LAST: Final = 200
"""Blocks at the head that are looked at in any case."""
SAMPLE: Final = 100
"""Blocks below them that are looked at without `--deep`, evenly spread."""


def check_blocks(sheet: Sheet, parts: NodeParts, *, deep: bool) -> bool:
    """Blocks follow each other, hold what their headers name, and certificates verify; False when not."""
    heights, missing = chosen_heights(parts, deep=deep), 0
    for height in heights:
        try:
            missing += not _is_certified(parts, height)
        except GovchainError as error:
            found = Text(f"height {height}: {error}", f"高度 {height}：{error}")
            sheet.problem("blocks", found, START_ANEW)
            return False
    sheet.ok(
        "blocks",
        f"{len(heights)} of {parts.ledger.height} looked at; {missing} wait for their certificate",
        f"共 {parts.ledger.height} 个，检查 {len(heights)} 个；{missing} 个尚待证书",
    )
    return True


def check_index(sheet: Sheet, parts: NodeParts, store: Store, *, deep: bool) -> None:
    """Each transaction of the chosen blocks is found by its id."""
    lost: list[Write] = []
    for height in chosen_heights(parts, deep=deep):
        block = parts.chain.block(height)
        assert block is not None, "checked before"
        for position, transaction in enumerate(block.transactions):
            id_ = parts.suite.digest(transaction.body)
            place = encode_location(height, position)
            found = store.get(Space.TRANSACTION, id_)
            # A batch that was carried over may repeat a transaction; the index names one of its places.
            if found is None or (found != place and not _is_at(parts, found, id_)):
                lost.append((Space.TRANSACTION, id_, place))
    if lost:
        found_text = Text(
            f"{len(lost)} transactions are not found by id", f"{len(lost)} 笔交易无法按标识查到"
        )
        sheet.derived("index", found_text, lambda: store.write(lost, sync=True))
    else:
        sheet.ok("index", "transactions are found by their ids", "交易均可按标识查到")


def check_final_height(sheet: Sheet, parts: NodeParts, store: Store) -> None:
    """The note of the final height says no more than certificates do."""
    data = store.get(Space.META, FINAL_KEY)
    noted, reached = 0 if data is None else int.from_bytes(data, "big"), first_block(store) - 1
    while parts.chain.certificate(reached + 1) is not None:
        reached += 1
    if noted <= reached:
        sheet.ok("final", f"final up to height {reached}", f"最终确认至高度 {reached}")
        return
    if noted > parts.ledger.height:
        found = Text(f"final height {noted} is above the head", f"最终高度 {noted} 超过最后区块")
    else:
        found = Text(
            f"final height {noted} is noted, certificates reach {reached}",
            f"记录的最终高度为 {noted}，证书仅到 {reached}",
        )
    note = reached.to_bytes(8, "big")
    sheet.derived("final", found, lambda: store.write([(Space.META, FINAL_KEY, note)], sync=True))


def chosen_heights(parts: NodeParts, *, deep: bool) -> list[int]:
    """All heights that are here, or the last ones and a sample of the others."""
    # Below a snapshot, blocks are still to come (rule CU-3).
    lowest, head = first_block(parts.store), parts.ledger.height
    first = max(lowest, head - LAST + 1)
    if deep or first - lowest < SAMPLE:
        return list(range(lowest, head + 1))
    step = (first - lowest) // SAMPLE
    return [*range(lowest, first, step), *range(first, head + 1)]


def _is_certified(parts: NodeParts, height: int) -> bool:
    block = parts.chain.block(height)
    if block is None:
        raise GovchainError("the block is missing")
    header, before = block.header, parts.chain.block(height - 1)
    parent: bytes = parts.ledger.chain_id if before is None else digest_of(parts.suite, before.header)
    if before is None and height == first_block(parts.store) > 1:
        parent = header.parent
    if header.height != height or header.parent != parent:
        raise GovchainError("the block does not follow the one before it")
    ids = [parts.suite.digest(each.body) for each in block.transactions]
    is_whole = digest_of(parts.suite, block.batch) == header.batch_digest
    if not is_whole or compute_root(parts.suite, ids) != header.transactions_root:
        raise GovchainError("the block does not hold what its header names")
    certificate = parts.chain.certificate(height)
    if certificate is None:
        return False
    validators = parts.ledger.validators_of(header.epoch)
    if validators is None:
        raise GovchainError(f"nothing here proves the validators of epoch {header.epoch}")
    verify_finality(parts.suite, validators, certificate, header)
    return True


def _is_at(parts: NodeParts, place: bytes, id_: bytes) -> bool:
    if len(place) != 12:
        return False
    block = parts.chain.block(int.from_bytes(place[:8], "big"))
    position = int.from_bytes(place[8:], "big")
    if block is None or position >= len(block.transactions):
        return False
    return parts.suite.digest(block.transactions[position].body) == id_
