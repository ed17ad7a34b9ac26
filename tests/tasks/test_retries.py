"""Delays are bounded whatever a server says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.sampling.retries import Patience, parse_retry_after

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        (" 1.5 ", 1.5),
        ("-4", 0.0),
        ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 12:00:30", 30.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Fri, 99 Nov 9999999 12:00:30 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 251_607_211_139.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


DATE_PARTS = ["Mon,", "1", "31", "Jan", "0001", "9999", "24:00:00", "::", "-9999", "+" + "9" * 20]


@given(st.lists(st.sampled_from(DATE_PARTS) | st.text(max_size=4), max_size=7).map(" ".join))
def test_no_header_is_more_than_a_delay_or_nothing(value):
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds < float("inf")


def test_delays_grow_to_a_bound():
    patience = Patience(base_seconds=1.0, max_delay_seconds=30.0)
    for num_attempts in (1, 2, 5, 50, 5_000):
        drawn = [patience.draw_delay(num_attempts, None) for _ in range(200)]
        assert min(drawn) >= 0 and max(drawn) <= min(30.0, 2.0 ** min(num_attempts - 1, 9))
    assert patience.rest_seconds(3, None) == 4.0


def test_a_server_is_obeyed_up_to_a_bound():
    patience = Patience(base_seconds=1.0, max_retry_after_seconds=120.0)
    assert 7.0 <= patience.draw_delay(1, 7.0) <= 8.0
    assert 120.0 <= patience.draw_delay(1, 1e9) <= 121.0
    assert patience.rest_seconds(1, 1e9) == 120.0


def test_the_defaults_outlive_a_restart_of_a_minute():
    patience = Patience()
    attempts = range(1, patience.max_outage_attempts)
    waited = [sum(patience.draw_delay(n, None) for n in attempts) for _ in range(500)]
    assert sum(seconds > 60 for seconds in waited) > 475
