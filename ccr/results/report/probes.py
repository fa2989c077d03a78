"""Two sections that `ccr probe` feeds: what readings hold, and what is gained on which style."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ccr.errors import CcrError
from ccr.results.load import FinishedRun
from ccr.results.report.page import Section, escape
from ccr.results.report.sections import Source
from ccr.results.rows import Row
from ccr.results.statistics import image_influence

FILE = "probes.json"
NORMAL_975 = 1.959964
LEAST = 10  # captions of a style, and images that they are of
TITLES = {
    "meaning": "meaning (R@1)",
    "style": "style (accuracy)",
    "length": "length (R²)",
    "language": "language (accuracy)",
    "critic": "fresh critic (accuracy)",
}


def read_probes(run: FinishedRun) -> dict[str, Any] | None:
    """A run's probes.json; None where it was never probed, or the file is of a run before this one."""
    path = run.folder / FILE
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CcrError(f"{path} is not whole ({error}); run ccr probe {run.folder} --fresh") from error
    return found if isinstance(found, dict) and found.get("run") == run.run.id else None


def _probed(row: Row) -> tuple[FinishedRun, dict[str, Any]] | None:
    """The first run of a row that was probed."""
    return next(((run, found) for run in row.runs if (found := read_probes(run))), None)


# --- readings -------------------------------------------------------------------------------------------------------


def readings(source: Source) -> Section | None:
    """Probes of every row that was probed, and the split of its matrices' variance."""
    parts = []
    for row in source.table.rows:
        probed = _probed(row)
        if probed:
            run, found = probed
            parts.append(f"<h4>{escape(row.label)}, seed {run.seed}</h4>{table_html(found)}")
    if not parts:
        return None
    note = (
        "The same probes, linear and MLP, learn each target from a reading alone and are tested on images they never "
        "saw (five folds), with 95 % intervals over images. Meaning: the probe's image feature finds the right image "
        "among those of its fold. Meaning, style and length are probed within each language. The fresh critic tells "
        "matched from mismatched pairs of a reading and an image. Mean pool: of the same tokens, behind the first "
        "frozen block, with no adversary; random: noise. A reading without the information scores chance, in brackets."
    )
    return Section(title="What the readings hold", html=f'<p class="note">{escape(note)}</p>{"".join(parts)}')


def table(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Column titles, and a row of cells for each reading; the last is the difference of sr and sa."""
    each: Mapping[str, Mapping[str, Any]] = found["readings"]
    keys = list(dict.fromkeys(key for scores in each.values() for key in scores))
    head = [""]
    for key in keys:
        target, _, kind = key.partition("/")
        chance = next(scores[key]["chance"] for scores in each.values() if key in scores)
        head.append(f"{TITLES[target]}{', ' + kind if kind else ''} ({_percent(chance)})")
    rows = [[name, *(_cell(scores.get(key)) for key in keys)] for name, scores in each.items()]
    if "sr less sa" in found:
        rows.append(["sr less sa", *(_cell(found["sr less sa"].get(key)) for key in keys)])
    return head, rows


def matrices(found: Mapping[str, Any]) -> str:
    """One sentence on what the generated matrices vary with; "" where nothing is generated."""
    if "matrices" not in found:
        return ""
    parts = ", ".join(f"{name} {_cell(share)}" for name, share in found["matrices"].items())
    return f"Variance of the generated matrices, in %: {parts}."


def table_html(found: Mapping[str, Any]) -> str:
    """The table of one run, and the sentence on its matrices."""
    head, rows = table(found)
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in rows
    )
    said = matrices(found)
    html = (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    return html + (f'<p class="note">{escape(said)}</p>' if said else "")


def _cell(score: Mapping[str, Any] | None) -> str:
    if not score or not _finite(score["value"]):
        return "–"
    ends = f" [{_percent(score['low'])}, {_percent(score['high'])}]" if _finite(score["low"]) else ""
    return _percent(score["value"]) + ends


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}".replace("-", "−").replace("−0.0", "0.0")


# --- gain by style --------------------------------------------------------------------------------------------------


def gains(source: Source) -> Section | None:
    """What each row gains on the baseline, by the distance of a caption's style to the training captions."""
    table = source.table
    base = next((row for row in table.rows if row.label == table.baseline), None)
    styles = next((found[1]["styles"] for row in table.rows if (found := _probed(row))), None)
    if base is None or not styles:
        return None
    spec = source.host.spec("metric", source.comparison.headline)
    metric = source.host.resolve(spec.factory)(**spec.arguments)
    rows = []
    for number, row in enumerate(table.rows):
        if row is not base:
            rows.append({"row": number, **style_gain(row.runs, base.runs, styles, metric)})
    note = (
        f"Text to image, {source.comparison.headline} in points, less that of {base.label}, for each style of test "
        "captions in each language; mean over seeds, 95 % intervals over images alone. A style's distance is that of "
        "its character trigrams to those of the training captions (Jensen-Shannon, 0 to 1). The slope is taken within "
        "languages."
    )
    return Section(title="Gain by style", kind="gains", html=f'<p class="note">{escape(note)}</p>', data=rows)


def style_gain(
    ours: Sequence[FinishedRun], base: Sequence[FinishedRun], styles: Mapping[str, Any], metric: Any
) -> dict[str, Any]:
    """Points by (language, style), and the slope of the gain in points per 0.1 of style distance."""
    points, slope = [], []
    names: dict[str, int] = {}
    for lang, told in styles.items():
        ids, images, owner = base[0].queries[lang]
        gain = _credit(ours, lang, metric) - _credit(base, lang, metric)
        style = np.array([told["of"].get(name, -1) for name in ids])
        image = np.array([names.setdefault(images[i], len(names)) for i in owner])
        for number, name in enumerate(told["names"]):
            here = style == number
            if here.sum() < LEAST or len(set(image[here])) < LEAST:
                continue
            value, low, high = _mean(gain[here], image[here])
            points.append([lang, name, told["distance"][number], value, low, high, int(here.sum())])
        known = style >= 0
        distance = np.array(told["distance"])[style[known]]
        slope.append((distance - distance.mean(), gain[known] - gain[known].mean(), image[known]))
    x, y, image = (np.concatenate([part[i] for part in slope]) for i in range(3))
    return {"points": points, "slope": _slope(x, y, image)}


def _credit(runs: Sequence[FinishedRun], lang: str, metric: Any) -> np.ndarray:
    """(n,) points of each caption, mean over seeds."""
    import torch

    each = [metric.per_query(*(torch.from_numpy(column) for column in run.ranks[lang, "t2i"])) for run in runs]
    return 100 * np.mean([credit.double().numpy() for credit in each], axis=0)


def _mean(gain: np.ndarray, image: np.ndarray) -> tuple[float, float, float]:
    names, number = np.unique(image, return_inverse=True)
    value, influence = image_influence([gain], [number], [1.0], len(names))
    half = NORMAL_975 * math.sqrt(float(influence.var(ddof=1)) / len(names))
    return value, value - half, value + half


def _slope(x: np.ndarray, y: np.ndarray, image: np.ndarray) -> list[float] | None:
    """[slope, low, high] for 0.1 of x, by least squares, images as clusters; None where x does not vary."""
    spread = float(np.square(x).sum())
    if not spread > 1e-12:
        return None
    value = float((x * y).sum()) / spread
    pull = np.bincount(image, x * (y - value * x)) / spread
    count = len(np.unique(image))
    half = NORMAL_975 * math.sqrt(float(np.square(pull).sum()) * count / max(1, count - 1))
    return [0.1 * value, 0.1 * (value - half), 0.1 * (value + half)]
