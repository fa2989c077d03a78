"""All probes of one run."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ccr.errors import CcrError
from ccr.pipeline.load import LoadedRun
from ccr.probes import CODE
from ccr.probes.critic import critic_score
from ccr.probes.distance import style_distances
from ccr.probes.fit import PROBES, Probe, folds, out_of_fold
from ccr.probes.readings import READINGS, Readings, read
from ccr.probes.scores import Score, accuracy, explained
from ccr.probes.variance import split
from ccr.progress import say

FOLDS = 5
LEAST = 20  # images
TARGETS = ("meaning", "style", "length", "language")


def probe_run(run: LoadedRun) -> dict[str, Any]:
    """Everything that docs/probes.md lists, JSON-able: the content of a run's probes.json."""
    found = read(run)
    say(f"probing {', '.join(found.vectors)} of {len(found.ids)} captions")
    return {
        "code": CODE,
        "run": run.record.run.id,
        "captions": len(found.ids),
        "images": len(np.unique(found.image)),
        **probe(found),
        "styles": _styles(run, found),
    }


def probe(found: Readings) -> dict[str, Any]:
    """Scores of every reading, the differences of sr and sa, and the split of the matrices' variance."""
    images = len(np.unique(found.image))
    if images < LEAST:
        raise CcrError(f"probes need at least {LEAST} test images to be trained and tested on, and there are {images}")
    fold = folds(found.image, FOLDS)
    scores: dict[str, dict[str, Score]] = {}
    for name, vectors in found.vectors.items():
        mine = scores[name] = {}
        for target in TARGETS:
            for title, kind in PROBES.items():
                score = _score(target, kind, vectors, found, fold)
                if score:
                    mine[f"{target}/{title}"] = score
        mine["critic"] = critic_score(vectors, F.normalize(found.semantic, dim=1), found.image, fold)
    out: dict[str, Any] = {
        "readings": {name: {key: s.json() for key, s in mine.items()} for name, mine in scores.items()}
    }
    if set(READINGS) <= set(scores):
        sr, sa = (scores[name] for name in READINGS)
        out["sr less sa"] = {key: sr[key].less(sa[key]).json() for key in sr}
    if found.matrices is not None:
        out["matrices"] = split(found.matrices, found.lang, found.style, found.meaning, found.image)
    return out


def _score(target: str, kind: Probe, x: Tensor, found: Readings, fold: np.ndarray) -> Score | None:
    """The probe's score on a target. Meaning, style and length are probed in each language by itself."""
    if target == "language":
        if len(found.langs) < 2:
            return None
        return _labels(kind, x, found.lang, found.image, fold)
    parts, rows = [], []
    for lang in range(len(found.langs)):
        here = np.flatnonzero((found.lang == lang) & ((found.style >= 0) | (target != "style")))
        if not len(here) or (target == "style" and len(set(found.style[here])) < 2):
            continue
        rows.append(here)
        mine, image = x[torch.from_numpy(here)], found.image[here]
        if target == "style":
            parts.append(_right(kind, mine, found.style[here], image, fold[here]))
        elif target == "length":
            parts.append(_errors(kind, mine, found.length[here], image, fold[here]))
        else:
            parts.append(_retrieved(kind, mine, found.semantic, image, fold[here]))
    if not parts:
        return None
    one, two = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    image = found.image[np.concatenate(rows)]
    if target == "length":
        return explained(one, two, image) if two.sum() > 0 else None
    return accuracy(one, image, float(two.mean()))


def _labels(kind: Probe, x: Tensor, label: np.ndarray, image: np.ndarray, fold: np.ndarray) -> Score:
    right, chance = _right(kind, x, label, image, fold)
    return accuracy(right, image, float(chance.mean()))


def _right(
    kind: Probe, x: Tensor, label: np.ndarray, image: np.ndarray, fold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether each label is told, and (n,) the share of the commonest one, which is chance."""
    names, number = np.unique(label, return_inverse=True)
    onehot = F.one_hot(torch.from_numpy(number), len(names)).float()
    told = out_of_fold(kind, x, onehot, image, fold, labels=True).argmax(1).numpy()
    return told == number, np.full(len(number), max(Counter(number.tolist()).values()) / len(number))


def _errors(
    kind: Probe, x: Tensor, value: np.ndarray, image: np.ndarray, fold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) squared errors, and (n,) those of the mean of what is learnt from."""
    y = torch.from_numpy(value).float()[:, None]
    told = out_of_fold(kind, x, y, image, fold, labels=False)[:, 0].numpy()
    mean = np.array([value[fold != number].mean() for number in fold])
    return np.square(told - value), np.square(mean - value)


def _retrieved(
    kind: Probe, x: Tensor, semantic: Tensor, image: np.ndarray, fold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) whether the image whose feature is nearest to the one that is told is the right one, among those of its
    fold (a share where several are nearest), and (n,) the chance of that."""
    features = F.normalize(semantic, dim=1)
    y = features[torch.from_numpy(image)]
    told = out_of_fold(kind, x, y, image, fold, labels=False)
    right, chance = np.zeros(len(x)), np.zeros(len(x))
    for number in np.unique(fold):
        here, rest = fold == number, torch.from_numpy(np.flatnonzero(fold != number))
        among = np.unique(image[here])
        centre = y[rest].mean(0)  # what all images share tells nothing
        gallery = F.normalize(features[torch.from_numpy(among)] - centre, dim=1)
        cosine = (told[torch.from_numpy(here)] - centre) @ gallery.T
        own = cosine.gather(1, torch.from_numpy(np.searchsorted(among, image[here]))[:, None])
        ahead, level = (cosine > own).sum(1), (cosine == own).sum(1)
        right[here] = torch.where(ahead == 0, 1 / level, torch.zeros(())).numpy()
        chance[here] = 1 / len(among)
    return right, chance


def _styles(run: LoadedRun, found: Readings) -> dict[str, Any]:
    """language -> its styles, how far each is from the training captions, and the style of each caption by id."""
    out: dict[str, Any] = {}
    for place, lang in enumerate(found.langs):
        here = np.flatnonzero((found.lang == place) & (found.style >= 0))
        if not len(here):
            continue
        names = sorted({found.styles[found.style[i]] for i in here})
        out[lang] = {
            "names": names,
            "distance": style_distances(run, lang, names),
            "of": {found.ids[i]: names.index(found.styles[found.style[i]]) for i in here},
        }
    return out
