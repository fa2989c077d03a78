"""The process that checks run in: `python -m ccr.testing FOLDER`, started by runner.py."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import attrs

from ccr.host import Host
from ccr.loading import why
from ccr.testing.checks import Check, Failed, NotApplicable, checks_of
from ccr.testing.guard import GUARD
from ccr.testing.subjects import Outcome, Subject


def main(root: Path) -> None:
    task = json.loads((root / "task.json").read_text(encoding="utf-8"))
    told = {tuple(key) for key in task["told"]}
    given_up = {tuple(key) for key in task["given_up"]}
    with (root / "report.jsonl").open("a", encoding="utf-8") as report:

        def tell(row: dict[str, Any]) -> None:
            report.write(json.dumps(row) + "\n")
            report.flush()

        import ccr.base  # noqa: F401 - seconds that are no check's own

        GUARD.install(root, [root / "cache", root / "tmp"])
        host = Host.load(Path(task["registry"]) if task["registry"] else None)
        for subject in (Subject(*row) for row in task["subjects"]):
            checks = checks_of(subject.kind)
            if not checks:
                continue
            try:
                bench: Any = sys.modules[f"ccr.testing.{subject.kind}s"].Bench(host, subject)
            except (Exception, SystemExit) as error:
                bench = error
            for check in checks:
                key = {"kind": subject.kind, "name": subject.title, "check": check.name}
                if tuple(key.values()) in told:
                    continue
                tell({"start": {**key, "mend": check.mend, "basis": check.basis}})
                tell({"outcome": attrs.asdict(_outcome(check, bench, key, (subject.kind, subject.title) in given_up))})
        tell({"end": True})


def _outcome(check: Check, bench: Any, key: dict[str, Any], given_up: bool) -> Outcome:
    started = time.monotonic()
    status: Any = "pass"
    message = mend = ""
    try:
        if given_up:
            raise NotApplicable("given up: a check that all others stand on did not end")
        if isinstance(bench, BaseException):  # the first check says why, once
            first = checks_of(key["kind"])[0].name
            raise bench if check.name == first else NotApplicable(f"it cannot be set up (see the check `{first}`)")
        check.run(bench)
    except NotApplicable as reason:
        status, message = "not applicable", str(reason)
    except (Exception, SystemExit) as error:
        status, message, mend = "fail", str(error) if isinstance(error, Failed) else why(error), check.mend
    return Outcome(**key, status=status, message=message, mend=mend, seconds=round(time.monotonic() - started, 2))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
