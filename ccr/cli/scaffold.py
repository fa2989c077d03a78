"""New plugins from templates: `ccr plugins new`."""

from __future__ import annotations

import importlib.util
import keyword
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from attrs import frozen

from ccr.errors import CcrError, nearest
from ccr.specs import API

TEMPLATES = Path(__file__).with_name("templates")
SUMMARIES = {
    "method": "An adapter behind the frozen text tower",
    "encoder": "A bag of words and a small convolution",
    "dataset": "Coloured squares with captions in English and German",
    "metric": "Mean reciprocal rank of the best right answer.",
    "translator": "Word by word, between English and German",
}
RUNS = {
    "method": "ccr run --method $name --dataset scenes",
    "encoder": "ccr run --method zero-shot-clip --dataset scenes --encoder $name",
    "dataset": "ccr run --method static-adapter --dataset $name",
    "metric": "ccr run --method zero-shot-clip --dataset scenes",
    "translator": "ccr run --method translate-test --dataset scenes --langs de --translator $name",
}
FIELDS = {  # of an entry of registry.yaml, beside what all kinds have
    "dataset": {
        "target_langs": ["de"],
        "test_sets": [{"id": "$name-test", "langs": ["en", "de"]}],
        "recipes": {
            "default": {
                "batch_size": 32,
                "epochs": {"align": 8, "match": 4},
                "lr_scale": {"align": 5, "match": 50},
                "size_scale": 0.25,
                "encoder_lr": 1e-4,
                "encoder_batch_size": 32,
                "vocabulary": 400,
            }
        },
        "encoder": "scenes",
    },
}


@frozen
class Scaffold:
    """A plugin to be written."""

    name: str
    kind: str

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def class_name(self) -> str:
        return "".join(part[:1].upper() + part[1:] for part in self.module.split("_"))

    @property
    def summary(self) -> str:
        return SUMMARIES[self.kind]

    @property
    def run(self) -> str:
        """The command that shows it at work."""
        return self._filled(RUNS[self.kind])

    def package(self) -> dict[str, str]:
        """Path below the new folder -> content."""
        return {
            "pyproject.toml": self._template("pyproject.toml.tmpl"),
            "README.md": self._template("README.md.tmpl"),
            f"{self.module}/__init__.py": self._template(f"{self.kind}/init.py.tmpl"),
            f"{self.module}/{self.kind}.py": self.source(),
            f"tests/test_{self.module}.py": self._template("test.py.tmpl"),
        }

    def source(self) -> str:
        """The implementation: the one file that matters."""
        return self._template(f"{self.kind}/{self.kind}.py.tmpl")

    def entry(self) -> dict[str, object]:
        """What registry.yaml says of the single file."""
        fields = {"kind": self.kind, "name": self.name, "file": f"{self.module}.py", "object": self.class_name}
        if "class Settings" in self.source():
            fields["settings"] = "Settings"
        extra = FIELDS.get(self.kind, {})
        return {**fields, "summary": self.summary, **{key: self._deep(value) for key, value in extra.items()}}

    def _template(self, name: str) -> str:
        return self._filled((TEMPLATES / name).read_text(encoding="utf-8"))

    def _filled(self, text: str) -> str:
        return Template(text).substitute(
            name=self.name,
            module=self.module,
            Class=self.class_name,
            kind=self.kind,
            summary=self.summary,
            api=API,
            run=Template(RUNS[self.kind]).substitute(name=self.name),
        )

    def _deep(self, value: object) -> object:
        if isinstance(value, Mapping):
            return {key: self._deep(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._deep(item) for item in value]
        return self._filled(value) if isinstance(value, str) else value


def scaffold(name: str, kind: str) -> Scaffold:
    """Raises CcrError for a kind without template, and for a name that cannot be a package's."""
    if kind not in SUMMARIES:
        raise CcrError(f'there is no template for "{kind}"{nearest(kind, SUMMARIES)}; known: {", ".join(SUMMARIES)}')
    made = Scaffold(name, kind)
    if not re.fullmatch(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", name) or keyword.iskeyword(made.module):
        raise CcrError(
            f'"{name}" cannot be the name of a plugin: take lower-case letters, digits and hyphens, a letter first, '
            "and no word of Python's own, e.g. my-method"
        )
    if importlib.util.find_spec(made.module) is not None:
        raise CcrError(f"a Python module of the name {made.module} is there already; take another name")
    return made
