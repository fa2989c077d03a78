"""What pip does for an editable install, without pip."""

from __future__ import annotations

from pathlib import Path


def pretend_installed(folder: Path) -> Path:
    """Put a package's entry points beside it; its folder, to stand on the path."""
    section = (folder / "pyproject.toml").read_text().partition("[project.entry-points.ccr]\n")[2].partition("\n\n")[0]
    module = section.partition(" ")[0]
    info = folder / f"{module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[ccr]\n" + section.replace('"', "") + "\n")
    return folder
