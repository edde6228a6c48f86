"""What the options of several commands share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import tyro

# `--json`; a field called `json` would hide a method of pydantic's
JsonFlag: TypeAlias = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(name="json", help="print JSON for a program to read"),
]
