"""What a check before a run found, for `sightline doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    subject: str
    """Such as `llm at http://127.0.0.1:8001/v1`."""
    verdict: Literal["ok", "warning", "fault"]
    """A run can go on with a warning, not with a fault."""
    found: str
    remedy: str | None = None
    """What a person does about it; None where nothing is to be done."""
