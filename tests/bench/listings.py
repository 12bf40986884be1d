"""Train the model that finds pages which list other pages, and write its weights.

    python -m tests.bench.listings --corpus folder --out pipelines/clean/tables/listing_model.json

Needs ``torch``, as ``tests/bench/train.py`` does. Article pages are those of every folder with gold, and the news pages
in ``dates``; pages that hold no article are in ``others``, with their kinds in ``kinds.jsonl``. With ``--folds N`` each
page is classified by a model that has seen no page of its outlet, and nothing is written.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.layout import FEATURES, layout_numbers
from pipelines.clean.html.listing import BAR, BAR_MARKED, ListingModel, is_kept, read_listing_model
from pipelines.clean.html.markup import read_markup
from pipelines.clean.html.reading import read_body
from pipelines.clean.metadata.page import read_metadata
from pipelines.settings import Limits
from tests.bench.corpus import Case, cases_of
from tests.bench.train import packed

ARTICLES = ("bodies", "metadata", "dates")
LISTS = ("listing", "collection")
UNITS, ROUNDS, SEEDS = 12, 150, 5


@dataclass(frozen=True)
class Page:
    """What is known of a page. ``kind`` is an article's folder (``bodies``, ``metadata`` or ``dates``), or its kind."""

    kind: str
    outlet: str
    name: str
    numbers: Sequence[float]
    is_kept: bool
    is_marked_article: bool

    def fold(self, folds: int) -> int:
        return zlib.crc32(self.outlet.encode()) % folds


def pages_of(corpus: Path) -> Iterator[Page]:
    for folder in sorted(folder for folder in corpus.iterdir() if folder.is_dir()):
        for case in cases_of(folder):
            if case.body:
                yield page_of(folder.name, case)
    yield from pages_in(corpus / "dates", "dates.jsonl")
    yield from pages_in(corpus / "others", "kinds.jsonl")


def pages_in(folder: Path, table: str) -> Iterator[Page]:
    for line in (folder / table).read_text("utf-8").splitlines():
        entry = json.loads(line)
        page = gzip.decompress((folder / entry["path"]).read_bytes())
        yield page_of(entry.get("kind", folder.name), Case(entry["path"], folder.name, page, {"url": entry["url"]}))


def page_of(kind: str, case: Case) -> Page:
    markup = read_markup(case.text, Limits().markup_depth)
    about, page = read_metadata(markup.root, case.url), read_blocks(markup.root)
    body = read_body(page, markup.text, about.signs, about.declared_bodies)
    host = (urlsplit(case.url or "").hostname or case.name).removeprefix("www.")
    outlet = case.name.split("-v")[0] if case.group == "metadata" else host
    numbers = layout_numbers(page, body.chosen, body.blocks, about.signs)
    kept = is_kept(numbers, page, body.chosen, about.signs)
    return Page(kind, outlet, case.name, numbers, kept, about.signs.is_marked_article)


def train(pages: Sequence[Page]) -> str:
    """The weights of as many small networks as there are seeds, whose answers are averaged, as the text of a file."""
    torch.set_num_threads(1)
    rows = np.array([page.numbers for page in pages], dtype=np.float32)
    mean, spread = rows.mean(0), rows.std(0) + 1e-2
    inputs = torch.tensor(np.clip((rows - mean) / spread, -4, 4))
    truth = torch.tensor([float(page.kind in LISTS) for page in pages])
    weights = torch.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum())
    nets = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Dropout(0.15), nn.Linear(len(FEATURES), UNITS), nn.Tanh(), nn.Dropout(0.3), nn.Linear(UNITS, 1)
        )
        optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=1.0)
        for _ in range(ROUNDS):
            wrong = nn.functional.binary_cross_entropy_with_logits(net(inputs).squeeze(-1), truth, reduction="none")
            loss = (wrong * weights).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        nets.append({name: value.detach().numpy() for name, value in net.state_dict().items()})
    return (
        json.dumps(
            {
                "made_by": "python -m tests.bench.listings",
                "features": list(FEATURES),
                "mean": packed(mean),
                "spread": packed(spread),
                "enter": packed(np.concatenate([net["1.weight"].T for net in nets], axis=1)),
                "enter_bias": packed(np.concatenate([net["1.bias"] for net in nets])),
                "leave": packed(np.concatenate([net["4.weight"][0] for net in nets]) / SEEDS),
                "leave_bias": packed(np.array([np.mean([net["4.bias"] for net in nets])])),
            },
            indent=1,
        )
        + "\n"
    )


def report(read: Sequence[tuple[Page, float]]) -> None:
    """The share of each kind that is above bars that reject few articles with gold, and what the bars in use reject."""
    with_gold = sorted((chance for page, chance in read if page.kind in ("bodies", "metadata")), reverse=True)
    for wrong in (0, 1, 2, 3, 4, 5, 10, 20):
        bar = with_gold[wrong]
        shares = {kind: f"{np.mean(above):.3f}" for kind, above in rejected(read, bar, bar).items()}
        print(f"bar {bar:.3f}: {wrong} of {len(with_gold)} articles; {shares}")
    for kind, above in rejected(read, BAR, BAR_MARKED).items():
        print(f"bars in use: {sum(above)} of {len(above)} of {kind}")
    for page, chance in sorted(read, key=lambda each: -each[1]):
        if page.kind in ARTICLES and chance > 0.8:
            print(f"  {chance:.3f} {page.outlet} {page.name}{' declared' if page.is_marked_article else ''}")


def rejected(read: Sequence[tuple[Page, float]], bar: float, bar_marked: float) -> dict[str, list[bool]]:
    """For each kind, and for both kinds of lists together, which of its pages are rejected."""
    above: dict[str, list[bool]] = defaultdict(list)
    for page, chance in read:
        is_above = chance > (bar_marked if page.is_marked_article else bar)
        for kind in (page.kind, *(("lists",) if page.kind in LISTS else ())):
            above[kind].append(is_above)
    return above


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--out", type=Path)
    options.add_argument("--folds", type=int, default=0)
    chosen = options.parse_args()
    pages = list(pages_of(chosen.corpus))
    used = [page for page in pages if page.kind in (*ARTICLES, *LISTS)]
    if chosen.folds:
        read: list[tuple[Page, float]] = []
        for fold in range(chosen.folds):
            model: ListingModel = read_listing_model(train([page for page in used if page.fold(chosen.folds) != fold]))
            read += [(page, 0.0 if page.is_kept else model.chance(page.numbers))
                     for page in pages if page.fold(chosen.folds) == fold]
        report(read)
        return
    text = train(used)
    if chosen.out:
        chosen.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
