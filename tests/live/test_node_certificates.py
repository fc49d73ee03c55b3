"""A validator whose TLS certificate ends while it runs, and is renewed without a restart (situation 57)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from govchain.crypto import transaction_id
from tests.support.node_world import SUITE, running
from tests.support.tls_files import write_certificate


async def test_situation_57_a_certificate_ends_and_is_renewed_while_the_validator_runs(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as world:
        now = datetime.now(UTC)
        files = world.tls_files("validator-3")
        write_certificate(files, world.authority, "validator-3", now=now - timedelta(days=3), days=1)
        await world.until(lambda: world.sample("validator-3", "govchain_tls_expiry_seconds") < 0)
        # Lines that stand are kept; a new one is refused, and the others are a quorum without it.
        for index in (0, 1, 2):
            world.node(index).network.disconnect("validator-3")
        await world.until(
            lambda: world.sample("validator-0", "govchain_rejected_total", code="tls-handshake") > 0
        )
        without = world.deposits(10)
        world.node(0).submit(without)
        for index in (0, 1, 2):
            status = await world.node(index).wait_final(transaction_id(SUITE, without[-1]), 20_000)
            assert status is not None
            assert status.status == "final"
        write_certificate(files, world.authority, "validator-3", now=now, days=90)
        await world.until_ready()
        after = world.deposits(10)
        world.node(3).submit(after)
        await world.until_final(without + after)
        assert world.sample("validator-3", "govchain_tls_expiry_seconds") > 0
        assert "certificate-reloaded" in world.logs["validator-3"].getvalue()
        world.require_equal()
