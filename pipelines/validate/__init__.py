"""Checks an article against its contract. All broken rules are listed, and no field is changed."""

from pipelines.validate.contract import Contract, check_contract, load_contract, refuse_violations
from pipelines.validate.forms import article_json, article_to_avro
from pipelines.validate.suites import Expectation, Suite, load_suite, row_columns

__all__ = [
    "Contract", "Expectation", "Suite", "article_json", "article_to_avro", "check_contract", "load_contract",
    "load_suite", "refuse_violations", "row_columns",
]
