"""`python -m ccr.testing.light ENTRY`: which heavy modules come with the import of a plugin, as JSON."""

from __future__ import annotations

import json
import sys

from ccr.loading import installed, load_entry

HEAVY = ("torch", "open_clip", "transformers", "torchmetrics", "torchvision", "scipy", "numpy", "PIL")

if __name__ == "__main__":
    for entry, _ in installed():
        if entry.name == sys.argv[1]:
            load_entry(entry)
            break
    print(json.dumps([name for name in HEAVY if name in sys.modules]))
