"""The embedded engine's state as Prometheus text, under vLLM's names.

A client that steers its load by a vLLM server's gauges can read these without knowing the
difference.
"""

from collections.abc import Mapping

_REASONS = ("stop", "length", "abort", "error")


def render_metrics(
    model: str, gauges: Mapping[str, float], counters: Mapping[str, float], ends: Mapping[str, int]
) -> str:
    """Write gauges and counters in Prometheus' text format.

    Args:
        model: The model's name, a label of every line.
        gauges: By vLLM's name without its prefix.
        counters: The same, without `_total`.
        ends: Completions that ended, by reason.
    """
    label = 'engine="0",model_name="' + _escape(model) + '"'
    lines: list[str] = []
    for name, value in gauges.items():
        lines += [f"# TYPE vllm:{name} gauge", f"vllm:{name}{{{label}}} {value}"]
    for name, value in counters.items():
        lines += [f"# TYPE vllm:{name}_total counter", f"vllm:{name}_total{{{label}}} {value}"]
    lines.append("# TYPE vllm:request_success_total counter")
    for reason in _REASONS:
        labels = f'{label},finished_reason="{reason}"'
        lines.append(f"vllm:request_success_total{{{labels}}} {float(ends.get(reason, 0))}")
    return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
