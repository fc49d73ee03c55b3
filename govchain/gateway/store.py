"""The database of one gateway: what it holds about people, whom others mean, and where each exchange stands.

SQLAlchemy over SQLite or PostgreSQL; contents are sealed before they come here and names are HMACs, so the
database alone tells neither. Every write is durable when the call returns. No rule and no protocol here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from govchain.errors import ConfigError, StorageFailure

ASKED: Final = "asked"
GAVE: Final = "gave"
DENIED: Final = "denied"
USES_MAX: Final = 1_000
"""Most exchanges that are listed for one person; the newest ones."""
OLDEST: Final = (-(2**63), "")
"""Before every exchange."""
RESUMED_MAX: Final = 256
"""Most exchanges that are taken up again in one go."""
FINISHED: Final = ("CONFIRMED", "DELIVERED", "REFUSED")
SCHEMA_VERSION: Final = "1"

_metadata = sql.MetaData()
_facts = sql.Table(
    "facts",
    _metadata,
    sql.Column("place", sql.String(64), primary_key=True),
    sql.Column("sealed", sql.LargeBinary, nullable=False),
)
_exchanges = sql.Table(
    "exchanges",
    _metadata,
    sql.Column("side", sql.String(8), primary_key=True),
    sql.Column("exchange", sql.String(128), primary_key=True),
    sql.Column("state", sql.String(16), nullable=False, index=True),
    sql.Column("person", sql.String(64), nullable=False, index=True),
    sql.Column("at_ms", sql.BigInteger, nullable=False),
    sql.Column("document", sql.LargeBinary, nullable=False),
    sql.Column("message", sql.LargeBinary, nullable=False),
    sql.Column("transaction_bytes", sql.LargeBinary, nullable=False),
    sql.Column("answer", sql.LargeBinary, nullable=False),
    sql.Column("answer_sha256", sql.String(64), nullable=False),
    sql.Column("rule", sql.String(16), nullable=False),
    sql.Column("code", sql.String(64), nullable=False),
    sql.Column("detail", sql.String(500), nullable=False),
)
_meta = sql.Table(
    "meta",
    _metadata,
    sql.Column("name", sql.String(64), primary_key=True),
    sql.Column("value", sql.String(256), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange on one side."""

    side: str
    """`asked`, `gave` or `denied`."""
    exchange: str
    """Its number; of a denied one the id of the transaction, because the number may still be used."""
    state: str
    person: str
    """HMAC of the person's pseudonym at this department; empty when nobody is known by it."""
    at_ms: int
    document: bytes
    """Sealed: the question."""
    message: bytes = b""
    """Sealed: the signed query as it is sent."""
    transaction_bytes: bytes = b""
    """Sealed: the transaction that is to be on the chain next, the same each time it is submitted."""
    answer: bytes = b""
    """Sealed: the answer; of the side that gave, the very bytes that are sent."""
    answer_sha256: str = ""
    rule: str = ""
    code: str = ""
    detail: str = ""


class GatewayStore:
    """Opens the database and makes its tables where they are missing.

    Args:
        url: SQLAlchemy URL, as `sqlite:////path/gateway.db` or `postgresql+psycopg://user@host/name`.
        owner: Chain and organisation; a database of another one is refused.

    Raises:
        ConfigError: The URL is wrong, its driver is missing, or the database belongs to another gateway.
        StorageFailure: The database does not answer.
    """

    def __init__(self, url: str, owner: str) -> None:
        self._engine = _open_engine(url)
        try:
            with _failures():
                _metadata.create_all(self._engine)
        except StorageFailure as error:
            place = self._engine.url.render_as_string(hide_password=True)
            raise StorageFailure(
                f"{place}: {error}; keep a damaged database to look at, and bring back its backup"
            ) from None
        self._file = _file_of(self._engine)
        self._identity = _identity_of(self._file)
        found = self.meta("owner")
        expected = f"{SCHEMA_VERSION} {owner}"
        if not found:
            self.set_meta("owner", expected)
        elif found != expected:
            raise ConfigError(
                "the database belongs to another gateway or version", found=found, expected=expected
            )

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def exchange(self, side: str, exchange: str) -> Exchange | None:
        """Where an exchange stands."""
        table = _exchanges.c
        rows = self._select(sql.select(_exchanges).where(table.side == side, table.exchange == exchange))
        return rows[0] if rows else None

    def put_exchange(self, row: Exchange, *, next_nonce: int | None = None) -> None:
        """Write where an exchange stands, and the nonce that its transaction took, together."""
        values = {name.name: getattr(row, name.name) for name in fields(row)}
        with self._write() as connection:
            _upsert(connection, _exchanges, ("side", "exchange"), values)
            if next_nonce is not None:
                _upsert(connection, _meta, ("name",), {"name": "next-nonce", "value": str(next_nonce)})

    def unfinished(self, after: tuple[int, str] = OLDEST) -> Sequence[Exchange]:
        """Exchanges that a killed gateway left, oldest first; those after a time and number."""
        table = _exchanges.c
        at_ms, exchange = after
        is_later = sql.or_(table.at_ms > at_ms, sql.and_(table.at_ms == at_ms, table.exchange > exchange))
        query = sql.select(_exchanges).where(_is_open(), is_later)
        return self._select(query.order_by(table.at_ms, table.exchange).limit(RESUMED_MAX))

    def open_count(self) -> int:
        """How many there are."""
        query = sql.select(sql.func.count()).select_from(_exchanges).where(_is_open())
        with _failures(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def exchanges_of(self, person: str) -> Sequence[Exchange]:
        """Exchanges about a person, newest first."""
        table = _exchanges.c
        query = sql.select(_exchanges).where(table.person == person)
        return self._select(query.order_by(table.at_ms.desc(), table.exchange.desc()).limit(USES_MAX))

    def count(self) -> dict[tuple[str, str], int]:
        """Number of exchanges by side and state, for the metrics."""
        table = _exchanges.c
        query = sql.select(table.side, table.state, sql.func.count()).group_by(table.side, table.state)
        with _failures(), self._engine.connect() as connection:
            return {(side, state): count for side, state, count in connection.execute(query)}

    def fact(self, place: str) -> bytes | None:
        """A sealed value by the HMAC of what it is about."""
        query = sql.select(_facts.c.sealed).where(_facts.c.place == place)
        with _failures(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def put_facts(self, facts: Sequence[tuple[str, bytes]]) -> None:
        """Write sealed values, all or none."""
        with self._write() as connection:
            for place, sealed in facts:
                _upsert(connection, _facts, ("place",), {"place": place, "sealed": sealed})

    def meta(self, name: str) -> str:
        """A setting; empty when it was never set."""
        query = sql.select(_meta.c.value).where(_meta.c.name == name)
        with _failures(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none() or ""

    def set_meta(self, name: str, value: str) -> None:
        with self._write() as connection:
            _upsert(connection, _meta, ("name",), {"name": name, "value": value})

    def _select(self, query: sql.Select[Any]) -> list[Exchange]:
        with _failures(), self._engine.connect() as connection:
            return [Exchange(**row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _write(self) -> Iterator[sql.Connection]:
        # SQLite goes on writing to a file that nobody will find again.
        if _identity_of(self._file) != self._identity:
            raise StorageFailure(
                "the database file was removed or replaced: stop the gateway, put it back, start again"
            )
        with _failures(), self._engine.begin() as connection:
            yield connection


def _is_open() -> sql.ColumnElement[bool]:
    """Something is left to do; an answer that is logged is delivered when it is asked for."""
    table = _exchanges.c
    is_waiting = sql.and_(table.side == GAVE, table.state == "LOGGED")
    return sql.and_(table.state.not_in(FINISHED), sql.not_(is_waiting))


def _upsert(
    connection: sql.Connection, table: sql.Table, keys: tuple[str, ...], values: dict[str, Any]
) -> None:
    where = [table.c[name] == values[name] for name in keys]
    if connection.execute(sql.update(table).where(*where).values(values)).rowcount == 0:
        connection.execute(sql.insert(table).values(values))


def _open_engine(url: str) -> sql.Engine:
    try:
        parsed = sql.make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        if is_sqlite and parsed.database and parsed.database != ":memory:":
            _make_private(Path(parsed.database))
        pool = sql.pool.StaticPool if is_sqlite else sql.pool.QueuePool
        engine = sql.create_engine(parsed, poolclass=pool, hide_parameters=True)
    except (SQLAlchemyError, ImportError) as error:
        # The URL may hold a password: it is not shown.
        raise ConfigError(
            f"the database cannot be opened: {type(error).__name__}",
            expected="sqlite:///path, or postgresql+psycopg://… with the extra `postgresql` installed",
        ) from None
    if is_sqlite:
        event.listen(engine, "connect", _make_durable)
    return engine


def _file_of(engine: sql.Engine) -> Path | None:
    """The file of an SQLite database; None in memory and for a database server."""
    name = engine.url.database if engine.url.get_backend_name() == "sqlite" else None
    return Path(name) if name and name != ":memory:" else None


def _identity_of(path: Path | None) -> tuple[int, int] | None:
    try:
        status = None if path is None else path.stat()
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if path.stat().st_mode & 0o077:
            raise ConfigError("others can read the database", path=str(path), expected="mode 0600")
    except OSError as error:
        raise ConfigError(f"the database cannot be opened: {error.strerror}", path=str(path)) from error


def _make_durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # Its message may quote a row; a code quotes nothing.
        cause = getattr(error, "orig", None)
        code = getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", "")
        raise StorageFailure(f"the database failed: {code or type(error).__name__}") from None
