"""Train the model that finds pages which list other pages, and write its weights.

    python -m tests.bench.listings --corpus folder --out pipelines/clean/tables/listing_model.json

Needs ``torch``, as ``tests/bench/train.py`` does. Article pages are those of every folder with gold; pages
that hold no article are in ``others``, with their kinds in ``kinds.jsonl``. With ``--folds N`` the pages are classified
N times, each by a model that has seen no page of its outlet, and nothing is written.
"""

from __future__ import annotations

import argparse
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.listing import FEATURES, ListingModel, listing_numbers, read_listing_model
from pipelines.clean.html.markup import read_markup
from pipelines.clean.html.reading import read_body
from pipelines.clean.metadata.page import read_metadata
from pipelines.settings import Limits
from tests.bench.corpus import Case, cases_of
from tests.bench.train import packed

LISTS = ("listing", "collection")
UNITS, ROUNDS, SEEDS = 12, 150, 5


@dataclass(frozen=True)
class Page:
    kind: str
    outlet: str
    name: str
    numbers: Sequence[float]

    def fold(self, folds: int) -> int:
        return zlib.crc32(self.outlet.encode()) % folds


def pages_of(corpus: Path) -> Iterator[Page]:
    for folder in sorted(folder for folder in corpus.iterdir() if folder.is_dir()):
        for case in cases_of(folder):
            if case.body:
                yield page_of("article", case)
    for line in (corpus / "others" / "kinds.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        page = gzip.decompress((corpus / "others" / entry["path"]).read_bytes())
        yield page_of(entry["kind"], Case(entry["path"], "others", page, {"url": entry["url"]}))


def page_of(kind: str, case: Case) -> Page:
    markup = read_markup(case.text, Limits().markup_depth)
    about, page = read_metadata(markup.root, case.url), read_blocks(markup.root)
    body = read_body(page, markup.text, about.signs, about.declared_bodies)
    host = (urlsplit(case.url or "").hostname or case.name).removeprefix("www.")
    outlet = case.name.split("-v")[0] if case.group == "metadata" else host
    return Page(kind, outlet, case.name, listing_numbers(page, body.chosen, body.blocks, about.signs))


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
    """The share of each kind that is above bars which reject few articles."""
    articles = sorted((chance for page, chance in read if page.kind == "article"), reverse=True)
    for wrong in (0, 1, 2, 3, 5, 10, 20):
        bar = articles[wrong]
        kinds = sorted({page.kind for page, _ in read})
        shares = {
            kind: round(float(np.mean([chance > bar for page, chance in read if page.kind == kind])), 3)
            for kind in kinds
        }
        print(f"bar {bar:.3f}: {wrong} of {len(articles)} articles; {shares}")
    for page, chance in sorted(read, key=lambda each: -each[1]):
        if page.kind == "article" and chance > 0.6:
            print(f"  {chance:.3f} {page.outlet} {page.name}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--out", type=Path)
    options.add_argument("--folds", type=int, default=0)
    chosen = options.parse_args()
    pages = list(pages_of(chosen.corpus))
    used = [page for page in pages if page.kind == "article" or page.kind in LISTS]
    if chosen.folds:
        read: list[tuple[Page, float]] = []
        for fold in range(chosen.folds):
            model: ListingModel = read_listing_model(train([page for page in used if page.fold(chosen.folds) != fold]))
            read += [(page, model.chance(page.numbers)) for page in pages if page.fold(chosen.folds) == fold]
        report(read)
        return
    text = train(used)
    if chosen.out:
        chosen.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
