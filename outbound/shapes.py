"""What the tables keep by themselves, held against the models: columns, keys, foreign keys, checks and indexes.

Who drops a unique index or a CHECK opens the way that it barred, and nothing in the rows need show it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

Shape = tuple[Any, ...]
"""What there is to compare of a part: its kind, its table, and what it says."""

_WORDS = re.compile(r"'(?:[^']|'')*'|[a-z_][a-z0-9_]*|\d+|<=|>=|<>|<|>")
_WRITTEN_OUT = re.compile(r'::"?\w+"?|"|\b[a-z_]+\.')
"""Types and tables of which one engine speaks and the other does not."""
_OWN_WAY = frozenset(
    ("in", "any", "array", "all", "text", "character", "varying", "bigint", "integer", "numeric", "cast", "as")
)
"""Words by which an engine writes a condition in its own way."""

_KEYS = {"p": "primary key", "u": "unique"}
_CONSTRAINTS = """SELECT c.conname, c.contype::text, t.relname,
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place),
    f.relname,
    ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place),
    pg_get_expr(c.conbin, c.conrelid),
    c.convalidated AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true) AND NOT EXISTS
        (SELECT 1 FROM pg_trigger g WHERE g.tgconstraint = c.oid AND g.tgenabled NOT IN ('O', 'A'))
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid LEFT JOIN pg_class f ON f.oid = c.confrelid
    WHERE c.connamespace = 'public'::regnamespace AND c.contype IN ('c', 'f', 'p', 'u')"""
_INDEXES = """SELECT n.relname, t.relname, i.indisunique, pg_get_expr(i.indpred, i.indrelid),
    ARRAY(SELECT pg_get_indexdef(i.indexrelid, k::int, true) FROM generate_series(1, i.indnkeyatts) k)
    FROM pg_index i JOIN pg_class n ON n.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    WHERE n.relnamespace = 'public'::regnamespace AND i.indisvalid AND i.indisready
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u'))"""
_COLUMNS = """SELECT t.relname, a.attname, a.attnotnull FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
    WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"""


def gist(condition: object) -> Shape:
    """What counts of a condition, however an engine writes it: its names, values, and words that join them, sorted."""
    text = "" if condition is None else str(condition).lower().replace("not in", "<>")
    words = _WORDS.findall(_WRITTEN_OUT.sub(" ", text))
    return tuple(sorted(word for word in words if word not in _OWN_WAY))


def wanted(dialect: str) -> dict[str, Shape]:
    """Every part of every table by its name, as the models have it."""
    found: dict[str, Shape] = {}
    for table in SQLModel.metadata.tables.values():
        found |= {f"{table.name}.{column.name}": _column(not column.nullable) for column in table.columns}
        found |= {str(index.name): _of_index(index, dialect) for index in table.indexes}
        found |= {str(each.name): shape for each in table.constraints if (shape := _of_constraint(each))}
    return found


def _column(is_required: bool) -> Shape:
    return ("column", bool(is_required))


def _of_index(index: sa.Index, dialect: str) -> Shape:
    assert index.table is not None
    columns = tuple(gist(str(each).split(".")[-1]) for each in index.expressions)
    where = index.dialect_options[dialect]["where"]
    return ("index", index.table.name, bool(index.unique), columns, gist(where))


def _of_constraint(each: sa.Constraint) -> Shape | None:
    match each:
        case sa.PrimaryKeyConstraint():
            return ("primary key", each.table.name, _names(each.columns))
        case sa.UniqueConstraint():
            return ("unique", each.table.name, _names(each.columns))
        case sa.ForeignKeyConstraint():
            far = [element.column for element in each.elements]
            return ("foreign key", each.table.name, tuple(each.column_keys), far[0].table.name, _names(far))
        case sa.CheckConstraint():
            return ("check", each.table.name, gist(str(each.sqltext.compile(compile_kwargs={"literal_binds": True}))))
    return None


def _names(columns: Any) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def there(connection: Connection) -> Mapping[str, Shape]:
    """Every part of every table by its name, as the database has it; what is switched off is not there."""
    return dict(_sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection))


def _postgresql(connection: Connection) -> Iterator[tuple[str, Shape]]:
    for table, column, is_required in connection.execute(sa.text(_COLUMNS)):
        yield f"{table}.{column}", _column(is_required)
    for name, table, unique, where, columns in connection.execute(sa.text(_INDEXES)):
        yield name, ("index", table, unique, tuple(map(gist, columns)), gist(where))
    for name, kind, table, columns, far, far_columns, condition, counts in connection.execute(sa.text(_CONSTRAINTS)):
        if not counts:
            continue
        if kind == "f":
            yield name, ("foreign key", table, tuple(columns), far, tuple(far_columns))
        elif kind == "c":
            yield name, ("check", table, gist(condition))
        else:
            yield name, (_KEYS[kind], table, tuple(columns))


def _sqlite(connection: Connection) -> Iterator[tuple[str, Shape]]:
    inspector = sa.inspect(connection)
    for table in set(inspector.get_table_names()) & SQLModel.metadata.tables.keys():
        key = inspector.get_pk_constraint(table)
        yield str(key["name"]), ("primary key", table, tuple(key["constrained_columns"]))
        for column in inspector.get_columns(table):
            yield f"{table}.{column['name']}", _column(not column["nullable"])
        for index in inspector.get_indexes(table):
            where = index.get("dialect_options", {}).get("sqlite_where")
            columns = tuple(gist(each) for each in index.get("expressions", index["column_names"]))
            yield str(index["name"]), ("index", table, bool(index["unique"]), columns, gist(where))
        yield from _sqlite_constraints(inspector, table)


def _sqlite_constraints(inspector: sa.Inspector, table: str) -> Iterator[tuple[str, Shape]]:
    for unique in inspector.get_unique_constraints(table):
        yield str(unique["name"]), ("unique", table, tuple(unique["column_names"]))
    for check in inspector.get_check_constraints(table):
        yield str(check["name"]), ("check", table, gist(check["sqltext"]))
    for foreign in inspector.get_foreign_keys(table):
        near, far = tuple(foreign["constrained_columns"]), tuple(foreign["referred_columns"])
        yield str(foreign["name"]), ("foreign key", table, near, foreign["referred_table"], far)


def making(name: str, dialect: str) -> Iterator[tuple[sa.Executable, ...]]:
    """The statements that make a part again, together; a column that was dropped is lost."""
    for table in SQLModel.metadata.tables.values():
        for index in table.indexes:
            if index.name == name:
                yield sa.text(f"DROP INDEX IF EXISTS {name}"), sa.schema.CreateIndex(index)
        for each in table.constraints:
            if each.name == name and dialect == "postgresql":
                gone = sa.text(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {name}")
                yield gone, sa.schema.AddConstraint(each, isolate_from_table=False)
        for column in table.columns:
            if f"{table.name}.{column.name}" == name and dialect == "postgresql":
                yield (sa.text(f"ALTER TABLE {table.name} ALTER COLUMN {column.name} SET NOT NULL"),)
