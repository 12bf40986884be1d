"""Generates the pages of ``docs/`` that are made from code (``make docs``); a test checks that they are current."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from pipelines import failures
from pipelines.failures import Rejected
from pipelines.settings import Settings
from pipelines.warehouse.duckdb import DuckDBWarehouse
from pipelines.warehouse.questions import mart_examples
from pipelines.warehouse.saved import SavedQuery, saved_queries
from schemas import latest, load
from tests.architecture.dbt_sources import dbt_sources
from tests.architecture.superset_export import superset_export

ROOT = Path(__file__).parents[2]
MACHINE_DEFAULTS = {"DATELINE_BATCH__WORKERS": "the machine's cores, at most 8"}
"""Defaults that depend on the machine, in words."""


def settings_page() -> str:
    rows = "\n".join(f"| `{name}` | {shown} | {said} |" for name, shown, said in _settings(Settings, "DATELINE_"))
    return f"""# Settings

Every setting is an environment variable, read once at the start of a command or run. A command-line flag takes
precedence over its variable. Objects and lists are written as JSON, unless the description says otherwise.

| variable | default | meaning |
|---|---|---|
{rows}

Prefect's own variables work as well. `PREFECT_API_URL` is the address of the server that runs report to. If it is
unset, a run uses the server of `dateline up`, or starts one for as long as the run lasts.
"""


def _settings(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(field.annotation, f"{variable}__")
        else:
            yield variable, MACHINE_DEFAULTS.get(variable) or _default(field), _described(variable, field)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ({}, []):
        return "unset"
    if isinstance(value, tuple):
        value = ",".join(f"{part:g}" if isinstance(part, float) else part for part in value)
    return f"`{value}`"


def _described(variable: str, field: FieldInfo) -> str:
    assert field.description, f"{variable} has no description"
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    secret = " The value is a secret." if SecretStr in get_args(field.annotation) else ""
    return field.description + (f" One of {', '.join(f'`{c}`' for c in choices)}." if choices else "") + secret


def contracts_page() -> str:
    sections = "\n".join(_contract(subject) for subject in ("raw_article", "article", "dead_letter"))
    return f"""# Contracts

The records in Kafka and in the warehouse are described by Avro schemas under `schemas/`. This page shows the newest
version of each one.

{sections}
## Versions of your own

Producers may use versions of `raw_article` that Dateline does not ship. Put these into a folder with the same layout as
`schemas/`, and set `DATELINE_SCHEMAS_FOLDER` to the folder:

```
our-schemas/
  raw_article/101.avsc    numbers from 101 are never used by Dateline itself
  ids.json                optional: the ids of your schema registry, as in {{"42": "raw_article/101"}}
```

The ids may also be in `DATELINE_SCHEMA_IDS`, which takes precedence, or in a [schema registry](#a-schema-registry).
Messages in single-object encoding contain the fingerprint of their schema and need no id. Dateline reads every version
with the newest one that it ships: fields that you add are ignored, and fields that Dateline needs have to keep their
names and types. `dateline schemas check --folder our-schemas` checks whether a folder can be used. A run checks the
folder again, and ends with exit code 2 before it reads anything if the folder cannot be used.

`dateline schemas check` refuses a version that cannot read data of every earlier version, and one that would change
the values that are read: rounded numbers (long to double), a field whose aliases match two earlier fields, a field
that was renamed twice and does not list its first name, a default that would be decoded as another type. To find this
out, it writes values with the earlier version and reads them with the later one.

## A schema registry

`DATELINE_REGISTRY__URL` names a schema registry with Confluent's API: Confluent's own, Apicurio
(`…/apis/ccompat/v7`), Karapace or Redpanda. The login is `DATELINE_REGISTRY__USERNAME` and
`DATELINE_REGISTRY__PASSWORD`, or `DATELINE_REGISTRY__TOKEN`; `DATELINE_REGISTRY__SSL_CAFILE` and the two variables
beside it are for TLS. Then

- a message with an id that is not listed is read with the schema that the registry has for it. The schema must be a
  record named `RawArticle`, in any namespace, that the newest `raw_article` can read, as for a folder. Schemas that
  refer to others are read, too;
- a schema is fetched once and remembered in the home folder, so that messages with known ids are read while the
  registry is away;
- a message whose id the registry does not have, or has with another kind of schema, is rejected as `UnknownSchema`;
- if the registry does not give an unknown schema because it is away, the run stops, and no offset is moved;
- clean articles are framed with the id that their schema has under `<topic>-value`. It is registered if it is not
  there.

`dateline schemas check --registry URL` compares: whether each version of `<raw topic>-value` can be read, whether the
versions of `<clean topic>-value` are Dateline's, whether listed ids mean the same schema in the registry, and whether
ids that were fetched before still do.
"""


def _contract(subject: str) -> str:
    schema = load(subject, latest(subject))
    rows = "\n".join(f"| `{name}` | {kind} | {doc} |" for name, kind, doc in _fields(schema))
    return f"""## {subject}, version {latest(subject)}

{schema["doc"]}

| field | type | meaning |
|---|---|---|
{rows}
"""


def _fields(schema: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for field in schema["fields"]:
        yield f"{prefix}{field['name']}", _kind(field["type"]), field["doc"]
        inner, mark = _inner(field["type"])
        if inner is not None:
            yield from _fields(inner, f"{prefix}{field['name']}{mark}")


def _inner(kind: Any) -> tuple[Any, str]:
    """The record inside a field's type, and the separator between the two names."""
    if isinstance(kind, list):
        return _inner(next((branch for branch in kind if branch != "null"), None))
    if isinstance(kind, dict):
        if kind["type"] == "record":
            return kind, "."
        for container, mark in (("items", "[]."), ("values", "{}.")):
            if container in kind:
                return _inner(kind[container])[0], mark
    return None, ""


def _kind(kind: Any) -> str:
    """
    >>> _kind(["null", {"type": "array", "items": "string"}])
    'list of string, optional'
    """
    if isinstance(kind, list):
        return " or ".join(_kind(branch) for branch in kind if branch != "null") + ", optional"
    if isinstance(kind, str):
        return kind
    shown: dict[str, Callable[[], str]] = {
        "array": lambda: f"list of {_kind(kind['items'])}",
        "map": lambda: f"map of {_kind(kind['values'])}",
        "enum": lambda: " / ".join(kind["symbols"]),
        "record": lambda: str(kind["name"]),
    }
    return shown.get(kind["type"], lambda: str(kind.get("logicalType", kind["type"])))()


def warehouse_page() -> str:
    with TemporaryDirectory() as folder:
        warehouse = DuckDBWarehouse(Path(folder) / "warehouse.duckdb", clock=lambda: datetime(2026, 3, 4, tzinfo=UTC))
        warehouse.prepare()
        columns = warehouse.query(
            "SELECT c.schema_name, c.table_name, c.column_name, c.data_type, c.comment, coalesce(t.comment, v.comment) "
            "FROM duckdb_columns() c "
            "LEFT JOIN duckdb_tables() t ON t.schema_name = c.schema_name AND t.table_name = c.table_name "
            "LEFT JOIN duckdb_views() v ON v.schema_name = c.schema_name AND v.view_name = c.table_name "
            "WHERE NOT c.internal AND c.database_name = current_database() AND c.schema_name IN ('main', 'marts') "
            "ORDER BY c.schema_name DESC, c.table_name, c.column_index"
        ).rows
    examples = {mart.name: mart.query for mart in mart_examples()}
    sections = []
    for schema, table in dict.fromkeys((row[0], row[1]) for row in columns):
        mine = [row for row in columns if row[:2] == (schema, table)]
        rows = "\n".join(f"| `{name}` | {_short(kind)} | {said} |" for _, _, name, kind, said, _ in mine)
        example = f"\n\n```sql\n{examples[table]}\n```" if schema == "marts" else ""
        name = f"marts.{table}" if schema == "marts" else table
        head = "| column | type | meaning |\n|---|---|---|"
        sections.append(f"### {name}\n\n{mine[0][5]}{example}\n\n{head}\n{rows}\n")
    marts = [s for s in sections if s.startswith("### marts.")]
    tables = [s for s in sections if not s.startswith("### marts.")]
    return f"""# The warehouse

This page lists the tables and views of the warehouse. The types are those of DuckDB. The comments are stored in the
database, where BI tools can read them. `dateline query` lists the marts with an example query for each, and runs any
SQL that only reads.

## Marts

{chr(10).join(marts)}
## Tables

{chr(10).join(tables)}"""


def _short(kind: str) -> str:
    """
    >>> _short("STRUCT(a INTEGER)[]")
    'STRUCT[]'
    """
    return "STRUCT" + ("[]" if kind.endswith("[]") else "") if kind.startswith("STRUCT(") else kind


def reasons_page() -> str:
    known = [kind for kind in vars(failures).values() if isinstance(kind, type) and issubclass(kind, Rejected)]
    rows = "\n".join(f"| `{kind.__name__}` | {kind.fix} |" for kind in known if kind is not Rejected)
    return f"""# Reasons

This page lists the reasons for which messages are rejected, in the order of the steps, with the remedy for each.
`dateline rejected list` shows rejected messages by reason; [operations.md](operations.md) explains how to replay
them.

| reason | what to do |
|---|---|
{rows}
| `UnexpectedFault` | A bug in Dateline. Send its traceback to the maintainers, and replay after the fix. |
"""


SHOWN_ROWS = 5


def questions_page() -> str:
    queries = saved_queries()
    listed = "\n".join(f"- [{query.question}](#{name})" for name, query in queries.items())
    sections = "\n".join(_question(query) for query in queries.values())
    return f"""# Questions

Queries that are saved under a name: what newsrooms, researchers and archives ask of the warehouse. `dateline query
--saved` lists them; `dateline query --saved rising` runs one. `--format csv|json|parquet` and `--output FILE` write the
answer for other programs. A parameter is given as `--param name=value`. The answers on this page are those of the
samples that Dateline ships, of which at most the first {SHOWN_ROWS} rows are shown.

{listed}

{sections}"""


def _question(query: SavedQuery) -> str:
    answer = json.loads((ROOT / "tests/warehouse/saved_answers" / f"{query.name}.json").read_text("utf-8"))
    parameters = "".join(
        f"- `{p.name}` ({p.type}{'' if p.default is None else f', by default {p.default}'}): {p.meaning}\n"
        for p in query.parameters
    )
    rows = [answer["columns"], ["---"] * len(answer["columns"]), *answer["rows"][:SHOWN_ROWS]]
    shown = "\n".join(f"| {' | '.join(_shown(value) for value in row)} |" for row in rows)
    more = len(answer["rows"]) - SHOWN_ROWS
    return f"""## {query.name}

{query.question}

{parameters and parameters + chr(10)}```console
$ {query.command}
```

```sql
{query.sql}
```

{shown}
{f"{chr(10)}And {more} more {'row' if more == 1 else 'rows'}.{chr(10)}" if more > 0 else ""}"""


def _shown(value: object) -> str:
    """
    >>> _shown(None), _shown(1 / 3), _shown("2026-03-04T09:00:00+00:00"), _shown("a|b")
    ('', '0.333', '2026-03-04 09:00', 'a\\\\|b')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    text = str(value)
    is_time = text.endswith("+00:00") and text[10:11] == "T"
    return text[:16].replace("T", " ") if is_time else text.replace("|", "\\|")


PAGES = {
    "questions.md": questions_page, "reasons.md": reasons_page, "settings.md": settings_page,
    "contracts.md": contracts_page, "warehouse.md": warehouse_page,
}


DBT_SOURCES = ROOT / "infra/bi/dbt/models/dateline.yml"
SUPERSET = ROOT / "infra/bi/superset"


def main() -> None:
    for name, page in PAGES.items():
        (ROOT / "docs" / name).write_text(page(), "utf-8")
    DBT_SOURCES.write_text(dbt_sources(), "utf-8")
    _write_superset()
    print(*sorted(PAGES), DBT_SOURCES.name, SUPERSET.name)


def _write_superset() -> None:
    """The folder has the generated files and no others: a chart that is removed here is removed there."""
    shutil.rmtree(SUPERSET, ignore_errors=True)
    for path, text in superset_export().items():
        (SUPERSET / path).parent.mkdir(parents=True, exist_ok=True)
        (SUPERSET / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
