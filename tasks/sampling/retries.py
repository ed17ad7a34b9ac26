"""How long to wait for a server that fails, and when to give up. Pure but for the dice."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

OVERLOAD_CODES = frozenset({408, 425, 429, 503, 529})
"""Answers that say 'not now': the server has too much to do."""
OUTAGE_CODES = frozenset({502, 503, 504})
"""Answers of what stands before a server that is not there; also of one that is starting."""
ACCESS_CODES = frozenset({401, 402, 403})
"""Answers that hold for every request of the run: no key, no money, no permission."""

ABSENT_CAUSES = frozenset({"dns", "tls", "refused"})
"""Causes of requests that no server has seen."""

NO_SERVER = "out"
"""Cause of a request that no server could be asked for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Limits of the retries of one request, in seconds and attempts.

    The defaults outlive a server's restart of a minute.
    """

    base_seconds: float = 1.0
    """The first delay is between half of this and all of it; it doubles with each further one."""
    max_delay_seconds: float = 30.0
    max_retry_after_seconds: float = 120.0
    """A longer Retry-After is cut to this."""
    max_attempts: int = 5
    """Attempts in all where the server answers with a fault."""
    max_outage_attempts: int = 20
    """Attempts in all where it cannot be reached or says that it is overloaded."""
    outage_seconds: float = 900.0
    """When no server could be reached for so long, requests are given up without an attempt."""
    connect_seconds: float = 10.0
    attempt_seconds: float = 1_800.0
    """From the first byte sent to the last received; a long thought takes its time."""
    total_seconds: float = 3_600.0
    """Of one request: all its attempts and delays; its waits for a free slot do not count."""
    check_attempts: int = 3
    check_seconds: float = 5.0
    """Of one attempt to list the models before a run."""

    def draw_delay(self, num_attempts: int, retry_after: float | None) -> float:
        """Draw the seconds to wait after `num_attempts` failed: half of it jitter, or as told."""
        longest = self._bound_delay(num_attempts)
        jitter = random.uniform(longest / 2, longest)
        if retry_after is None:
            return jitter
        # All who were told the same moment would come at once; a little jitter parts them.
        return min(retry_after, self.max_retry_after_seconds) + min(jitter, self.base_seconds)

    def is_over(self, failed: "Fault", num_attempts: int, spent_seconds: float) -> bool:
        """Whether a request is given up after a fault."""
        is_passing = failed.is_outage or failed.is_overload
        limit = self.max_outage_attempts if is_passing else self.max_attempts
        is_spent = num_attempts >= limit or spent_seconds >= self.total_seconds
        return is_spent or failed.cause == NO_SERVER

    def rest_seconds(self, num_outages: int, retry_after: float | None) -> float:
        """Return how long a server is left out after so many outages in a row, or as told."""
        if retry_after is None:
            return self._bound_delay(num_outages)
        return min(retry_after, self.max_retry_after_seconds)

    def _bound_delay(self, num_failures: int) -> float:
        return min(self.max_delay_seconds, self.base_seconds * 2.0 ** min(num_failures - 1, 30))


class Fault(Exception):
    """One attempt failed in a way that another may mend; never leaves the model edge."""

    def __init__(
        self,
        reason: str,
        cause: str,
        *,
        is_outage: bool = False,
        is_overload: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.cause = cause
        """In one word, to count by: a status code, `refused`, `timeout` and the like."""
        self.is_outage = is_outage
        """The server cannot be reached."""
        self.is_overload = is_overload
        """The server says that it has too much to do."""
        self.retry_after = retry_after

    @property
    def is_free(self) -> bool:
        """Whether the server surely wrote nothing: it answered with an error, or was not there."""
        return self.cause.isdigit() or self.cause in ABSENT_CAUSES


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, seconds or a date, as seconds from now; None: none of use."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value, now or datetime.now(UTC))
    return max(seconds, 0.0) if isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(date)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, OverflowError, TypeError):
        return float("nan")
