"""Make the gallery anew: every artefact, from runs on scenes.

python docs/gallery.py                 runs at the size of the recipe quick (three quarters of an hour on two cores)
python docs/gallery.py --tiny --to X   the same at a size that says nothing, in minutes: does it work?

All runs go to the grid of `ccr ablate`, grids/ablate-dasd-scenes, and are taken up where they are. What is written
to `--to` (docs/gallery) are small files: tables in five formats, the ablations, the overview of their grid, the report,
a search page, probes, and an index of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

GRID = Path("grids") / "ablate-dasd-scenes"
METHODS = ("zero-shot-clip", "translate-test", "static-adapter", "dasd")
BASELINE = "static-adapter"
FORMATS = {"terminal": "txt", "markdown": "md", "latex": "tex", "csv": "csv", "json": "json"}
QUERIES = ("ein roter Kreis links von einem blauen Stern", "drei grüne Dreiecke")
LARGEST = 3_000_000  # bytes of a file that may be kept
TINY = (
    "--langs", "de,zh", "--set", "dataset.train=96", "--set", "dataset.val=32", "--set", "dataset.test=40",
    "--set", "recipe.batch_size=32", "--set", "recipe.encoder_batch_size=32", "--set", "recipe.encoder_epochs=0.7",
    "--set", "recipe.epochs.align=1", "--set", "recipe.epochs.match=1", "--set", "recipe.validations=1",
    "--set", "recipe.vocabulary=400",
)  # fmt: skip


def ccr(*words: str | Path, told: Path | None = None) -> str:
    """What a command prints; what it tells meanwhile goes to the file `told`. Ends where it fails."""
    command = [sys.executable, "-m", "ccr", *map(str, words)]
    print("$", "ccr", *map(str, words), flush=True)
    with told.open("w", encoding="utf-8") if told else nullcontext() as stderr:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"ccr {words[0]} ended with {done.returncode}")
    return done.stdout


def ablated(to: Path, seeds: str, size: tuple[str, ...]) -> None:
    """The ablations of dasd: their table, and the overview of the grid while it ran."""
    words = ("ablate", "--method", "dasd", "--dataset", "scenes", "--seeds", seeds, "--jobs", "2", *size)
    overview = to / "grid.txt"
    before = overview.read_text(encoding="utf-8") if overview.exists() else ""
    (to / "ablations.txt").write_text(ccr(*words, told=overview), encoding="utf-8")
    if "running" not in overview.read_text(encoding="utf-8"):  # all was done before
        overview.write_text(before, encoding="utf-8")


def trained(method: str, seeds: str, size: tuple[str, ...]) -> list[Path]:
    """The run folders of a method; what `ccr run` finds finished it names, too."""
    words = ("--method", method, "--dataset", "scenes", "--seeds", seeds, "--threads", "1", *size)  # as in the grid
    told = ccr("run", *words, "--runs", GRID / "runs")
    return [Path(line) for line in told.splitlines() if (Path(line) / "result.json").is_file()]


def make(to: Path, seeds: str, size: tuple[str, ...]) -> None:
    """Write the gallery."""
    to.mkdir(parents=True, exist_ok=True)
    ablated(to, seeds, size)
    made = {method: trained(method, seeds, size) for method in METHODS}
    folders = [folder for group in made.values() for folder in group]
    for name, ending in FORMATS.items():
        (to / f"table.{ending}").write_text(
            ccr("compare", *folders, "--baseline", BASELINE, "--format", name), encoding="utf-8"
        )
    ours = made["dasd"][0]
    (to / "probes.txt").write_text(ccr("probe", ours), encoding="utf-8")
    ccr("report", *folders, "--baseline", BASELINE, "--pictures", "120", "-o", to / "report.html")
    (to / "search.txt").write_text(
        ccr("search", ours, *QUERIES, "--lang", "de", "--html", to / "search.html"), encoding="utf-8"
    )
    result = json.loads((ours / "result.json").read_text(encoding="utf-8"))
    (to / "README.md").write_text(index(to, result["protocol_id"], seeds), encoding="utf-8")
    large = [path.name for path in to.iterdir() if path.stat().st_size > LARGEST]
    if large:
        sys.exit(f"too large to keep: {', '.join(large)}")


def index(to: Path, protocol: str, seeds: str) -> str:
    """The page that names every file."""
    told = {
        "table.txt": "`ccr compare`, as a terminal shows it",
        "table.md": "Markdown",
        "table.tex": "LaTeX (booktabs)",
        "table.csv": "CSV",
        "table.json": "JSON, with every difference and its test",
        "ablations.txt": "`ccr ablate`: the full method beside each of its ablations",
        "grid.txt": "its overview while it ran, as lines; in a terminal it is one screen",
        "report.html": "`ccr report`: open it in a browser",
        "search.txt": "`ccr search`",
        "search.html": "its page, with the pictures",
        "probes.txt": "`ccr probe`: what sr and sa hold",
    }
    rows = "\n".join(f"| [{name}]({name}) | {what} |" for name, what in told.items() if (to / name).exists())
    methods = ", ".join(METHODS)
    return (
        f"# Gallery\n\nMade by `python docs/gallery.py` from {methods}; seeds {seeds}; `{protocol}`.\n\n"
        f"| file | |\n|---|---|\n{rows}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "gallery")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--tiny", action="store_true", help="a size that says nothing; needs --to")
    asked = parser.parse_args()
    if asked.tiny and asked.to == parser.get_default("to"):
        parser.error("--tiny shows that it works and no more: give another folder with --to")
    make(asked.to, "0" if asked.tiny else asked.seeds, TINY if asked.tiny else ())


if __name__ == "__main__":
    main()
