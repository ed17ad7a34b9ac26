"""A metrics page is read without trust."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.sampling.metrics import ServerState, parse_state

VLLM = b"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 31.0
vllm:num_requests_running{engine="1",model_name="m"} 33.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 2.0
vllm:num_requests_waiting{engine="1",model_name="m"} 0.0
vllm:num_requests_waiting_by_reason{engine="0",reason="capacity"} 9.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.95
vllm:num_preemptions_total{engine="0",model_name="m"} 7.0
vllm:num_preemptions_created{engine="0",model_name="m"} 1.7e+09
vllm:request_success_total{finished_reason="stop"} 4.0
"""


def test_the_engines_of_a_server_are_added_up():
    assert parse_state(VLLM) == ServerState(running=64, waiting=2, cache_use=0.95, preemptions=7)


@pytest.mark.parametrize(
    "page",
    [
        b'sglang:num_running_reqs{x="y"} 3\nsglang:num_queue_reqs{x="y"} 1\n',
        b"llamacpp:requests_processing 3\nllamacpp:requests_deferred 1\n",
        b"tgi_batch_current_size 3\ntgi_queue_size 1\n",
    ],
)
def test_other_servers_are_understood(page):
    assert parse_state(page) == ServerState(running=3, waiting=1)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>no</html>",
        b"vllm:num_requests_running 3\n",
        b"vllm:num_requests_running NaN\nvllm:num_requests_waiting 1\n",
        b"vllm:num_requests_running 1e99\nvllm:num_requests_waiting 1\n",
        b"vllm:num_requests_running --3\nvllm:num_requests_waiting 1\n",
        b"vllm:num_requests_running -3\nvllm:num_requests_waiting 1\n",
    ],
)
def test_a_page_of_no_use_is_none(page):
    assert parse_state(page) is None


@given(st.binary(max_size=80))
def test_any_bytes_are_a_state_or_none(noise):
    state = parse_state(VLLM + noise)
    assert state is None or state.running >= 64


def test_a_full_cache_is_pressed_only_while_requests_are_thrown_out_of_it():
    before = ServerState(running=64, waiting=0, cache_use=0.97, preemptions=5)
    calm = ServerState(running=64, waiting=0, cache_use=0.97, preemptions=6)
    busy = ServerState(running=64, waiting=0, cache_use=0.97, preemptions=12)
    roomy = ServerState(running=64, waiting=0, cache_use=0.5, preemptions=12)
    assert busy.is_pressed_since(before)
    assert not calm.is_pressed_since(before)
    assert not roomy.is_pressed_since(before)
    assert not busy.is_pressed_since(None)
