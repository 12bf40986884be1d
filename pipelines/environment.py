"""Reads the settings from the environment, and reports all unknown, malformed and contradictory ones at once.

Messages have the variable, the rule and the expected form. They show a value only if it cannot contain a secret.
"""

from __future__ import annotations

import difflib
import os
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from pipelines.settings import Settings, SettingsWrong

PREFIX = "DATELINE_"
_OTHERS = re.compile(
    r"DATELINE_(?:TEST_\w+"  # the failpoints of the tests
    # variables that Kubernetes sets in every container if a service of the namespace is named dateline or dateline-…
    r"|(?:\w+_)?SERVICE_HOST|(?:\w+_)?SERVICE_PORT(?:_\w+)?|(?:\w+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_MAY_HOLD_SECRETS = frozenset({
    "DATELINE_KAFKA__CONSUMER", "DATELINE_BEAM_OPTIONS", "DATELINE_WAREHOUSE", "DATELINE_ENCRYPTION__KEYRING",
})
_BOUNDS = {
    "greater than or equal to": "at least", "greater than": "more than", "less than or equal to": "at most",
    "less than": "less than",
}
_EXAMPLES = {
    "DATELINE_WAREHOUSE": "an address, as in duckdb:////data/news.duckdb or postgresql://user:password@host/news",
    "DATELINE_KAFKA__BOOTSTRAP_SERVERS": "host:port, as in kafka-1:9092,kafka-2:9092",
    "DATELINE_KAFKA__CONSUMER": 'a JSON object, as in {"fetch_max_bytes": 52428800}',
    "DATELINE_BEAM_OPTIONS": 'a JSON list of strings, as in ["--flink_master=flink:8081"]',
    "DATELINE_REGISTRY__URL": "a URL, as in https://registry.example:8081",
    "DATELINE_PATIENCE__RETRY_DELAYS_S": "one or more numbers of seconds, separated by commas, as in 1,4,10,30",
    "DATELINE_ENCRYPTION__KEYRING": "id:key, with commas between several",
    "DATELINE_SCHEMA_IDS": 'a JSON object from schema ids to schemas, as in {"42": "raw_article/1"}',
}


def read_settings(environment: Mapping[str, str] | None = None, /, **changes: object) -> Settings:
    """The settings of the environment, overridden by ``changes``. The home folder is made absolute.

    Raises ``SettingsWrong`` with all problems.
    """
    environment = os.environ if environment is None else environment
    problems = list(_name_problems(environment))
    named, given = {variable.upper() for variable, _ in problems}, {name.upper() for name in environment}

    def is_named(variable: str) -> bool:
        """Whether there is a problem with the variable's name already, or with that of a variable for a part of it."""
        return variable in named or (
            variable not in given and any(each.startswith(f"{variable}__") for each in named)
        )

    settings = None
    try:
        settings = Settings(**changes)  # type: ignore[arg-type]  # validated here
    except ValidationError as fault:
        for error in fault.errors():
            variable, found = _value_problem(error, changes)
            if not is_named(variable):
                problems.append((variable, found))
    else:
        problems += [(name, found) for name, found in contradictions(settings) if not is_named(name)]
    if settings is None or problems:
        raise settings_wrong(problems)
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def settings_wrong(problems: Sequence[tuple[str, str]]) -> SettingsWrong:
    """One fault for all problems. Each is a variable and what is wrong with it."""
    found = "\n".join(f"{variable} {problem}{'' if problem.endswith('?') else '.'}"
                     for variable, problem in dict.fromkeys(problems))
    return SettingsWrong(
        f"{found}\nWhat to do: correct or unset these variables. docs/settings.md lists all settings."
    )


def contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    """The settings that are valid one by one but contradict each other, each with what is wrong."""
    kafka, batch, drift = settings.kafka, settings.batch, settings.drift
    if kafka.raw_topic == kafka.rejected_topic:
        yield ("DATELINE_KAFKA__REJECTED_TOPIC",
               "names the same topic as DATELINE_KAFKA__RAW_TOPIC: dead letters would be read as raw articles")
    if kafka.clean_topic in (kafka.raw_topic, kafka.rejected_topic):
        other = "RAW" if kafka.clean_topic == kafka.raw_topic else "REJECTED"
        yield ("DATELINE_KAFKA__CLEAN_TOPIC",
               f"names the same topic as DATELINE_KAFKA__{other}_TOPIC: clean articles need a topic of their own")
    yield from _security_contradictions(settings)
    yield from _registry_contradictions(settings)
    key_id, keys = settings.encryption.key_id, settings.encryption.keyring
    if key_id is not None and key_id not in keys:
        has = f"has {', '.join(sorted(keys))}" if keys else "is not set"
        yield "DATELINE_ENCRYPTION__KEY_ID", f"is {key_id}, but DATELINE_ENCRYPTION__KEYRING {has}"
    if "message_deadline_s" in batch.model_fields_set and batch.message_deadline_s > batch.deadline_s:
        yield ("DATELINE_BATCH__MESSAGE_DEADLINE_S",
               f"is {batch.message_deadline_s:g} s, but DATELINE_BATCH__DEADLINE_S gives the whole batch only "
               f"{batch.deadline_s:g} s: one message cannot have more time than its batch")
    if drift.fewest_past_batches > drift.recent_batches:
        yield ("DATELINE_DRIFT__FEWEST_PAST_BATCHES",
               f"is {drift.fewest_past_batches}, but only the last {drift.recent_batches} batches are compared "
               "(DATELINE_DRIFT__RECENT_BATCHES): no drift would ever be detected")


def _registry_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    registry = settings.registry
    if registry.url is None:
        return
    if registry.token is not None and registry.username is not None:
        yield ("DATELINE_REGISTRY__TOKEN", "is set, and DATELINE_REGISTRY__USERNAME too: use one of the two logins")
    if (registry.username is None) != (registry.password is None):
        here, there = ("USERNAME", "PASSWORD") if registry.password is None else ("PASSWORD", "USERNAME")
        yield (f"DATELINE_REGISTRY__{here}", f"is set, but DATELINE_REGISTRY__{there} is not: a login needs both")
    if registry.ssl_keyfile is not None and registry.ssl_certfile is None:
        yield ("DATELINE_REGISTRY__SSL_KEYFILE",
               "is set, but DATELINE_REGISTRY__SSL_CERTFILE is not: a key needs its certificate")
    if registry.timeout_s >= settings.batch.message_deadline_s:
        yield ("DATELINE_REGISTRY__TIMEOUT_S",
               f"is {registry.timeout_s:g} s, but DATELINE_BATCH__MESSAGE_DEADLINE_S gives a step only "
               f"{settings.batch.message_deadline_s:g} s: a slow registry would have messages rejected")


def _security_contradictions(settings: Settings) -> Iterator[tuple[str, str]]:
    kafka = settings.kafka
    if kafka.security_protocol.startswith("SASL_") and not any(name.startswith("sasl_") for name in kafka.consumer):
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if getattr(kafka, name) is None:
                found = f"is not set, but DATELINE_KAFKA__SECURITY_PROTOCOL is {kafka.security_protocol}"
                yield _variable(("kafka", name)), found
    if kafka.ssl_keyfile is not None and kafka.ssl_certfile is None:
        yield ("DATELINE_KAFKA__SSL_KEYFILE",
               "is set, but DATELINE_KAFKA__SSL_CERTFILE is not: a key needs its certificate")


@cache
def known_variables() -> dict[str, Any]:
    """All variables that are read, with the types of their values.

    >>> "DATELINE_KAFKA__PARTITIONS" in known_variables(), "DATELINE_KAFKA" in known_variables()
    (True, True)
    """
    return dict(_variables(Settings, ()))


def _variables(model: type[BaseModel], place: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield _variable((*place, name)), field.annotation
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _variables(field.annotation, (*place, name))


def _variable(place: Sequence[int | str]) -> str:
    """The environment variable of a setting.

    >>> _variable(("kafka", "partitions"))
    'DATELINE_KAFKA__PARTITIONS'
    """
    return PREFIX + "__".join(str(part).upper() for part in place)


def _name_problems(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    known = known_variables()
    for name in sorted(environment):
        if not name.upper().startswith(PREFIX) or _OTHERS.fullmatch(name):
            continue
        if name == "DATELINE_PORT" and "://" in environment[name]:
            continue  # set by Kubernetes, too
        if name not in known:
            yield name, f"is not a setting of Dateline{_nearest(name, known)}"
        elif not environment[name].strip():
            yield name, f"is set to nothing: unset it to get its default, or set it to {_form(name)}"


def _nearest(name: str, known: Mapping[str, object]) -> str:
    found = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
    return f": did you mean {found[0]}?" if found and found[0] != name else ""


def _value_problem(error: ErrorDetails, changes: Mapping[str, object]) -> tuple[str, str]:
    known, place = known_variables(), list(error["loc"])
    if error["type"] == "extra_forbidden":
        parent = _variable(place[:-1])
        nearest = _nearest(_variable(place), {name: None for name in known if name.startswith(f"{parent}__")})
        return _variable(place), f"is not a setting of Dateline{nearest}"
    while place and _variable(place) not in known:
        place.pop()
    variable = _variable(place)
    name = f"--{place[0]}" if len(place) == 1 and place[0] in changes else variable
    return name, _rule(error, variable) + _seen(error["input"], variable)


def _rule(error: ErrorDetails, variable: str) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    bound = re.search(r"(greater than or equal to|greater than|less than or equal to|less than) (\S+)$", error["msg"])
    if bound:
        return f"must be {_BOUNDS[bound[1]]} {_number(bound[2])}"
    return f"must be {_form(variable)}"


def _number(text: str) -> str:
    """A bound with thousands separators.

    >>> _number("1125899906842624"), _number("0.1"), _number("604800.0")
    ('1,125,899,906,842,624', '0.1', '604,800')
    """
    if re.fullmatch(r"\d+", text):
        return f"{int(text):,}"
    return f"{float(text):,.10g}" if re.fullmatch(r"[\d.]+", text) else text


def _seen(value: object, variable: str) -> str:
    """The given value for a message; empty if it may contain a secret, such as a password in the wrong JSON object."""
    if not isinstance(value, str | int | float) or "@" in str(value) or variable in _MAY_HOLD_SECRETS:
        return ""
    kinds = _alternatives(known_variables()[variable])
    if SecretStr in kinds or any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds):
        return ""
    return f"; it is {str(value)[:80]!r}"


def _form(variable: str) -> str:
    """The form that the value of a variable must have, in words."""
    if variable in _EXAMPLES:
        return _EXAMPLES[variable]
    kinds = _alternatives(known_variables()[variable])
    for kind in kinds:
        if get_origin(kind) is Literal:
            return f"one of {', '.join(map(str, get_args(kind)))}"
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return f"a JSON object of its settings; the variables {variable}__… set them one by one"
    words: dict[Any, str] = {
        bool: "true or false", int: "a whole number", float: "a finite number", Path: "a path", tuple: "one or more "
        "names, separated by commas", SecretStr: "a value", str: "a text that is not empty",
    }
    return next((words[kind] for kind in (*kinds, *map(get_origin, kinds)) if kind in words), "a value")


def _alternatives(kind: Any) -> tuple[Any, ...]:
    """The types that an annotation allows.

    >>> _alternatives(int | None)
    (<class 'int'>,)
    """
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(each for part in get_args(kind) if part is not type(None) for each in _alternatives(part))
    return (kind,)
