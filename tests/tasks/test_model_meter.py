from dataclasses import fields
from typing import Any

import pytest

from schemas.figures import Figures
from tasks.model_meter import RATE_SECONDS, ModelMeter


def make_figures(**changes: Any) -> Figures:
    values: dict[str, Any] = {field.name: 0 for field in fields(Figures)}
    values |= {"limit": 64, "retries": {}, "cost_usd": None}
    values |= {"server_running": None, "server_waiting": None}
    return Figures(**(values | changes))


def make_meter() -> ModelMeter:
    return ModelMeter("llm", "toy", "reason", "f" * 16)


def test_slot_seconds_over_replies_are_the_mean_latency():
    meter = make_meter()
    for tick in range(101):
        meter.observe(tick * 0.1, make_figures(in_flight=10, num_replies=tick))
    done = meter.sum_up()
    assert done
    assert done.busy_seconds == pytest.approx(10)
    assert done.slot_seconds / done.num_replies == pytest.approx(1.0)  # Little: 10 of 10 a second
    assert done.max_limit == 64
    assert done.full_seconds == 0


def test_a_server_counts_as_full_while_nearly_all_its_slots_are_in_use():
    meter = make_meter()
    for tick in range(11):
        meter.observe(float(tick), make_figures(in_flight=60 if tick < 6 else 10))
    done = meter.sum_up()
    assert done
    assert (done.busy_seconds, done.full_seconds) == (10, 5)


def test_time_without_requests_is_not_busy():
    meter = make_meter()
    for tick in range(11):
        meter.observe(float(tick), make_figures())
    done = meter.sum_up()
    assert done
    assert (done.busy_seconds, done.slot_seconds) == (0, 0)


def test_rates_are_of_late():
    meter = make_meter()
    meter.observe(0.0, make_figures(in_flight=1))
    before = make_figures(in_flight=1, prompt_tokens=9_000, completion_tokens=9_000)
    meter.observe(1000.0, before)
    late = make_figures(in_flight=1, prompt_tokens=9_300, completion_tokens=9_060)
    meter.observe(1000 + RATE_SECONDS, late)
    assert meter.tokens_per_second == (300 / RATE_SECONDS, 60 / RATE_SECONDS)


def test_the_time_before_the_first_request_slows_no_rate():
    meter = make_meter()
    for second in range(20):
        meter.observe(float(second), make_figures())
    meter.observe(20.0, make_figures(in_flight=4))
    meter.observe(22.0, make_figures(in_flight=4, completion_tokens=50))
    assert meter.tokens_per_second == (0, pytest.approx(50 / 3))


def test_a_model_that_was_never_seen_has_nothing_to_tell():
    assert make_meter().sum_up() is None
