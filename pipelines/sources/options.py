"""Checks the options of the Kafka consumer in the settings: which may be set, and to which values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

VARIABLE = "DATELINE_KAFKA__CONSUMER"
RESERVED = frozenset({
    "bootstrap_servers", "security_protocol",  # have settings of their own, shared with producer and admin client
    "group_id", "enable_auto_commit", "auto_offset_reset", "allow_auto_create_topics", "isolation_level",
    "metrics_enabled", "fetch_max_wait_ms", "consumer_timeout_ms",  # the reader depends on them
    "auto_commit_interval_ms", "default_offset_commit_callback", "group_instance_id", "heartbeat_interval_ms",
    "max_poll_interval_ms", "partition_assignment_strategy", "session_timeout_ms",  # for groups, which it does not join
    "kafka_client", "key_deserializer", "value_deserializer", "metric_reporters", "sasl_oauth_token_provider",
    "selector", "socket_options", "ssl_context",  # need Python objects, which JSON cannot express
})  # fmt: skip


def consumer_option_problems(options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The variable and what is wrong with it, for each bad option. Values are not shown, as they may be secrets."""
    if not options:
        return
    from difflib import get_close_matches

    from kafka import KafkaConsumer

    defaults = KafkaConsumer.DEFAULT_CONFIG
    free = sorted(set(defaults) - RESERVED)
    for name, value in options.items():
        if name in RESERVED:
            yield VARIABLE, f"sets {name}, which Dateline sets itself"
        elif name not in defaults:
            nearest = get_close_matches(name, free, n=1, cutoff=0.0)[0]
            yield VARIABLE, f"holds {name!r}, which kafka-python's consumer does not have: did you mean {nearest}?"
        elif rule := _broken_rule(name, value, defaults[name]):
            yield VARIABLE, f"holds {name}, which must be {rule}"


def _broken_rule(name: str, value: object, default: object) -> str | None:
    """The rule that a value breaks, or None. Numeric options without a default are recognised by their names."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    takes_number = name.endswith(("_ms", "_bytes", "_records", "_connection", "_samples"))
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if takes_number or isinstance(default, int | float):
        least = 1 if name.endswith(("_bytes", "_records", "_connection")) and not name.startswith("fetch_min") else 0
        fits = is_number and isinstance(value, int | float) and math.isfinite(value) and value >= least
        return None if fits else f"a number, at least {least}"
    if name == "api_version":
        fits = isinstance(value, list) and all(isinstance(part, int) for part in value)
        return None if fits else "a list of numbers, as in [2, 8]"
    return None if isinstance(value, str | bool) else "a string"
