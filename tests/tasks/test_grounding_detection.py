"""Open-vocabulary detection: the genuine model code, with random weights made here."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image

from schemas.errors import RecipeError
from schemas.recipe import DetectorParams, FormalizeParams
from tasks.grounding import detection, open_tools
from tasks.grounding.detection import MAX_TEXT_TOKENS, Detector, ObjectFinder, list_texts, place_box

LABELS = ("red cup", "Black cat", "dog")


def draw(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


IMAGES = [draw(200, 100), draw(100, 100, 1), draw(200, 100, 2)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    pytest.importorskip("transformers", reason="needs the extra detection")
    pytest.importorskip("torch", reason="needs the extra detection")
    from tests.tiny_detector import write_detector

    return str(write_detector(tmp_path_factory.mktemp("detector")))


@pytest.fixture(scope="module")
def detector(checkpoint):
    return Detector(DetectorParams(model=checkpoint, labels=LABELS, min_score=0.3))


def test_findings_are_labels_of_the_recipe_inside_of_the_image(detector):
    for findings in detector.find_all(IMAGES):
        assert findings
        for found in findings:
            left, top, right, bottom = found.box
            assert 0 <= left < right <= 1000 and 0 <= top < bottom <= 1000
            assert found.label in LABELS and 0.3 <= found.score <= 1
        assert findings == sorted(findings, key=lambda found: -found.score)


def test_an_image_alone_has_the_findings_that_it_has_in_a_batch(detector):
    together = detector.find_all(IMAGES)
    for image, findings in zip(IMAGES, together, strict=True):
        (alone,) = detector.find_all([image])
        assert [(f.label, f.box) for f in alone] == [(f.label, f.box) for f in findings]


def test_boxes_are_where_the_library_itself_puts_them(detector):
    image = Image.open(io.BytesIO(IMAGES[0])).convert("RGB")
    (text,) = detector._texts
    inputs = detector._processor(images=[image], text=[text.text], return_tensors="pt")
    outputs = detector._model(**inputs)
    (theirs,) = detector._processor.post_process_grounded_object_detection(
        outputs, inputs.input_ids, threshold=0.0, target_sizes=[(image.height, image.width)]
    )
    ours = [place_box(box.tolist(), image.size) for box in outputs.pred_boxes[0]]
    for box, place in zip(theirs["boxes"].tolist(), ours, strict=True):
        limits = (image.width, image.height) * 2
        inside = [min(most, max(0, side)) for side, most in zip(box, limits, strict=True)]
        assert place is None or place == pytest.approx(inside, abs=0.51)


def test_a_label_scores_by_its_own_tokens(detector):
    import torch

    (text,) = detector._texts
    scores = torch.zeros(3, 16)
    for query, (start, _) in enumerate(text.token_spans):
        scores[query, start] = 0.5 + query / 10
    boxes = torch.tensor([[0.5, 0.5, 0.2, 0.2]] * 3)
    found = detector._read(text, (100, 100), scores, boxes)
    assert [(f.label, f.score) for f in found] == [
        ("red cup", 0.5),
        ("Black cat", 0.6),
        ("dog", 0.7),
    ]
    assert found[0].box == (400, 400, 600, 600)


def test_a_higher_bound_leaves_boxes_out(checkpoint):
    strict = Detector(DetectorParams(model=checkpoint, labels=LABELS, min_score=0.99))
    assert strict.find_all(IMAGES[:1]) == [[]]


def test_many_labels_take_several_passes(detector):
    labels = [f"thing {number}" for number in range(120)]
    texts = list_texts(labels, detector._processor.tokenizer)
    assert [label for text in texts for label in text.labels] == labels
    assert len(texts) > 1
    for text in texts:
        ids = detector._processor.tokenizer(text.text).input_ids
        assert len(ids) <= MAX_TEXT_TOKENS
        words = [detector._processor.tokenizer.decode(ids[a:b]) for a, b in text.token_spans]
        assert words == list(text.labels)


@pytest.mark.parametrize("label", ["", " . ", "x " * 400])
def test_a_label_that_cannot_be_looked_for_is_refused(detector, label):
    with pytest.raises(RecipeError, match=r"formalize\.detector\.labels holds"):
        list_texts(["cup", label], detector._processor.tokenizer)


def test_memory_that_is_short_halves_the_batch(detector, monkeypatch):
    import torch

    sizes, predict = [], Detector._predict

    def fail_above_one(self, text, images):
        sizes.append(len(images))
        if len(images) > 1:
            raise torch.OutOfMemoryError("full")
        return predict(self, text, images)

    def predict_nothing():
        raise torch.OutOfMemoryError("full")

    expected = detector.find_all(IMAGES)
    monkeypatch.setattr(Detector, "_predict", fail_above_one)
    found = detector.find_all(IMAGES)
    assert [[f.box for f in each] for each in found] == [[f.box for f in e] for e in expected]
    assert sorted(sizes) == [1, 1, 1, 2]
    monkeypatch.setattr(
        Detector, "_predict", lambda *_: (_ for _ in ()).throw(torch.OutOfMemoryError)
    )
    with pytest.raises(RecipeError, match="does not fit into the GPU's memory"):
        detector.find_all(IMAGES[:1])


async def test_a_recipe_opens_the_detector_which_loads_with_the_first_image(checkpoint):
    params = DetectorParams(model=checkpoint, labels=LABELS, min_score=0.3)
    tools = open_tools(FormalizeParams(detector=params))
    assert tools.find_objects and tools.read_text is None
    found = await asyncio.gather(*(tools.find_objects(image) for image in IMAGES))
    assert all(found)


async def test_a_model_that_cannot_be_loaded_is_one_sentence_each_time(tmp_path):
    pytest.importorskip("transformers", reason="needs the extra detection")
    finder = ObjectFinder(DetectorParams(model=str(tmp_path), labels=("cup",)))
    for _ in range(2):
        with pytest.raises(RecipeError, match=r"formalize\.detector\.model .* cannot be loaded"):
            await finder.find(IMAGES[0])


def test_a_missing_package_is_said_before_anything_runs(monkeypatch):
    monkeypatch.setattr(detection.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(RecipeError, match=r'needs the package torch; pip install "sightline\[det'):
        open_tools(FormalizeParams(detector=DetectorParams(labels=("cup",))))


def test_boxes_outside_of_the_image_are_cut_or_left_out():
    assert place_box([0.5, 0.5, 0.5, 1.0], (100, 40)) == (25, 0, 75, 40)
    assert place_box([0.0, 0.0, 0.5, 0.5], (100, 40)) == (0, 0, 25, 10)
    assert place_box([1.5, 0.5, 0.5, 0.5], (100, 40)) is None
    assert place_box([float("nan")] * 4, (100, 40)) is None
    assert place_box([0.5, 0.5, 0.0, 0.0], (100, 40)) is None
