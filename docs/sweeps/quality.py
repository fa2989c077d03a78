"""chrF of the training captions at each level of noise, the second axis of the noise sweep.

python docs/sweeps/quality.py --noise 0,0.1,0.3,0.5

Each machine translation of `scenes` is held against the noiseless one of the same English caption. `--train N` takes
the first N images.
"""

from __future__ import annotations

import argparse

import ccr
from ccr.translation.chrf import chrf


def captions(noise: float, train: int) -> dict[str, dict[str, str]]:
    """language -> id -> machine-translated caption."""
    found: dict[str, dict[str, str]] = {}
    for item in ccr.open_dataset("scenes", train=train, noise=noise).records("train"):
        for caption in item.captions:
            if caption.origin.startswith("mt:"):
                found.setdefault(caption.lang, {})[caption.id] = caption.text
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--noise", default="0,0.1,0.3,0.5")
    parser.add_argument("--train", type=int, default=1000)
    asked = parser.parse_args()
    clean = captions(0.0, asked.train)
    print("noise  " + "  ".join(f"{lang:>5}" for lang in clean) + "   mean")
    for level in map(float, asked.noise.split(",")):
        noisy = captions(level, asked.train)
        scores = [chrf([noisy[lang][i] for i in clean[lang]], list(clean[lang].values())) for lang in clean]
        print(f"{level:<5}  " + "  ".join(f"{s:5.1f}" for s in scores) + f"  {sum(scores) / len(scores):5.1f}")


if __name__ == "__main__":
    main()
