"""Read the text in images with RapidOCR on onnxruntime: the one door to it.

Its models lie in its package, so nothing is downloaded. It runs in threads of its own, which leave
the interpreter free while they compute.
"""

import asyncio
import importlib.util
import io
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from schemas.errors import RecipeError
from tasks.grounding.evidence import Finding, scale_box

MIN_SCORE = 0.5
"""Lines below this confidence are noise more often than text."""
MISSING = 'formalize.ocr needs the package rapidocr; pip install "sightline[ocr]"'


class OcrReader:
    """Reads images, several at a time."""

    def __init__(self, num_threads: int | None = None) -> None:
        """Make sure that the package is there.

        Args:
            num_threads: Images read at a time; default: a thread a core.

        Raises:
            RecipeError: It is not installed.
        """
        if importlib.util.find_spec("rapidocr") is None:
            raise RecipeError(MISSING)
        self._local = threading.local()
        workers = num_threads or len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="ocr")

    async def read(self, image: bytes) -> list[Finding]:
        """Read one encoded image, which has been normalized: lines from top to bottom."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, image)

    def _read(self, image: bytes) -> list[Finding]:
        with Image.open(io.BytesIO(image)) as opened:
            pixels = np.asarray(opened.convert("RGB"))[:, :, ::-1]  # It wants blue first.
        found: Any = self._engine(pixels, use_cls=False)
        if found.boxes is None:
            return []
        triples = zip(found.boxes, found.txts, found.scores, strict=True)
        size = (pixels.shape[1], pixels.shape[0])
        lines = [_make_finding(corners, text, score, size) for corners, text, score in triples]
        return [line for line in lines if line.score >= MIN_SCORE]

    @property
    def _engine(self) -> Any:
        """Return this thread's engine; its sessions are not shared."""
        if not hasattr(self._local, "engine"):
            from rapidocr import RapidOCR  # It takes a second, and a run may not need it.

            logging.getLogger("RapidOCR").setLevel(logging.ERROR)
            engine = "EngineConfig.onnxruntime"
            one_thread = {f"{engine}.intra_op_num_threads": 1, f"{engine}.inter_op_num_threads": 1}
            self._local.engine = RapidOCR(params={"Global.log_level": "error", **one_thread})
        return self._local.engine


def _make_finding(corners: Any, text: str, score: float, size: tuple[int, int]) -> Finding:
    left, top = np.floor(corners.min(axis=0)).astype(int).tolist()
    right, bottom = np.ceil(corners.max(axis=0)).astype(int).tolist()
    box = scale_box((left, top, right, bottom), size)
    return Finding(label=text, box=box, score=float(score))
