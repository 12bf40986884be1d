"""The models that tell bodies from boilerplate, and the numbers that they read."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from pipelines.clean.dump import features as of_dumps
from pipelines.clean.dump.lines import lines_of
from pipelines.clean.html import features as of_pages
from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.markup import read_markup
from pipelines.clean.model import load_model, read_model
from pipelines.clean.wording import WRITTEN, stacked, written

PAGE = """<html><body><nav><a href="/n">News</a><a href="/s">Sport</a></nav><article><h1>Pier to be rebuilt</h1>
<p>The harbour council of Marrowby voted on Tuesday to rebuild the east pier, two winters after a storm broke it.</p>
<p>Councillor Ines Falk said the work would start in May and cost four million crowns, half of it lent.</p></article>
<ul><li><a href="/1">Ferry dog elected harbour master</a></li><li><a href="/2">Why the city loves its fog</a></li></ul>
</body></html>"""


@pytest.mark.parametrize(
    ("name", "features"), [("page_model.json", of_pages.FEATURES), ("dump_model.json", of_dumps.FEATURES)]
)
def test_the_models_are_made_for_the_numbers_that_are_read(name: str, features: tuple[str, ...]) -> None:
    rows = np.random.default_rng(1).normal(size=(3_000, len(features))).astype(np.float32)
    chances = load_model(name, features).chances(rows)
    assert chances.shape == (3_000,)
    assert ((chances >= 0) & (chances <= 1)).all()


def test_a_model_made_for_other_numbers_is_refused() -> None:
    text = files("pipelines.clean").joinpath("tables/page_model.json").read_text("utf-8")
    with pytest.raises(ValueError, match="other features"):
        read_model(json.dumps(json.loads(text) | {"features": ["length"]}), of_pages.FEATURES)


def test_how_a_line_is_written() -> None:
    lines = ["The pier opens. It rained, and Ines Falk left.", "Photo: Ann Example/Getty", "SHARE", "港が開いた。"]
    columns = dict(zip(WRITTEN, stacked(written(lines)).T, strict=True))
    assert np.expm1(columns["words"]).round().tolist() == [9, 3, 1, 1]
    assert np.expm1(columns["sentences"]).round().tolist() == [1, 0, 0, 0]
    assert (columns["capitals"] * [9, 3, 1, 1]).round().tolist() == [4, 3, 1, 0]
    assert columns["credit"].tolist() == [0, 1, 0, 0]
    assert columns["ends"].tolist() == [1, 0, 0, 1]
    assert columns["uppers"].round(2).tolist()[2] == 1
    assert (columns["foreign"] > 0.9).tolist() == [False, False, False, True]


def test_lines_are_read_alone_or_together_alike() -> None:
    lines = ["Pier opens.", "By Ines Falk", "It rained?", "…", "Subscribe to our newsletter"]
    together = stacked(written(lines))
    alone = np.concatenate([stacked(written([line])) for line in lines])
    assert np.allclose(together, alone)


def test_menus_are_not_weighed() -> None:
    page = read_blocks(read_markup(PAGE, 256).root)
    chosen = choose_body(page)
    numbers = of_pages.weighed_blocks(page, chosen)
    assert [page.blocks[number].text[:12] for number in numbers] == [
        "NewsSport", "Pier to be r", "The harbour ", "Councillor I", "Ferry dog el", "Why the city",
    ]  # what stands within two of running text is weighed, links too
    rows = of_pages.numbers_of(page, chosen, numbers, "", ["Pier to be rebuilt"])
    assert rows.shape == (len(numbers), len(of_pages.FEATURES))
    columns = dict(zip(of_pages.FEATURES, rows.T, strict=True))
    assert columns["chosen"].tolist() == [0, 0, 1, 1, 0, 0]
    assert columns["like_title"].tolist() == [0, 1, 0, 0, 0, 0]


def test_a_dump_of_one_line_has_numbers() -> None:
    assert of_dumps.numbers_of(lines_of("Pier opens.")).shape == (1, len(of_dumps.FEATURES))
