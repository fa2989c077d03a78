"""The kit as a parametrised test. pytest is imported when it is asked for, and is no dependency of ccr."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ccr.host import Host
from ccr.testing.runner import LIMIT, run_checks
from ccr.testing.subjects import Outcome, Subject, find_subjects


@frozen
class CcrCheck:
    """One check of one subject; calling it passes, skips or fails."""

    subject: Subject
    name: str
    subjects: tuple[Subject, ...] = field(repr=False)  # that are checked in the same process
    registry: Path | None = None
    limit: float = LIMIT

    def __call__(self) -> None:
        import pytest

        outcome = _outcomes(self.subjects, self.registry, self.limit)[self.subject.kind, self.subject.title, self.name]
        if outcome.status == "not applicable":
            pytest.skip(outcome.message)
        if outcome.status == "fail":
            pytest.fail(
                f"{self.subject.kind} {self.subject.title}, {self.name}: {outcome.message}\n  mend: {outcome.mend}",
                pytrace=False,
            )


def parametrize_with_ccr_checks(
    *names: str, kind: str | None = None, registry: Path | str | None = None, limit: float = LIMIT
) -> Any:
    """A pytest mark: one test per check of what each NAME[:ARGUMENT] stands for, in the argument `ccr_check`.

    All checks of one mark run in one process, when the first of its tests asks.
    """
    import pytest

    from ccr.testing.checks import checks_of

    path = Path(registry) if registry else None
    host = Host.load(path)
    subjects = tuple(dict.fromkeys(subject for name in names for subject in find_subjects(host, name, kind)))
    params = [
        pytest.param(
            CcrCheck(subject, check.name, subjects, path, limit), id=f"{subject.kind}-{subject.name}-{check.name}"
        )
        for subject in subjects
        for check in checks_of(subject.kind)
    ]
    return pytest.mark.parametrize("ccr_check", params)


@cache
def _outcomes(
    subjects: tuple[Subject, ...], registry: Path | None, limit: float
) -> dict[tuple[str, str, str], Outcome]:
    return {(o.kind, o.name, o.check): o for o in run_checks(subjects, registry=registry, limit=limit)}
