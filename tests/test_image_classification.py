"""Image classification: scores on literals, processors as the Hub has them, and whole runs on small images."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from run_files import predicted, read_lines
from sklearn.metrics import top_k_accuracy_score

from stages.images import as_paths
from stages.prediction import load_model
from stages.processor import load_processor
from stages.reuse import use_run
from stages.scratch.small_cnn import SmallCNNConfig, SmallCNNForImageClassification
from tasks.contract import IGNORED
from tasks.image_classification import ImageClassification

TASK = ImageClassification("image_classification", "accuracy")
COLOURS = {"red": (220, 30, 20), "green": (20, 200, 40), "blue": (30, 40, 230)}


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def tiny_vit(tmp_path_factory):
    """A folder with a random ViT of two layers that was trained on 7 labels, and its image processor."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessorPil

    folder = tmp_path_factory.mktemp("tiny_vit")
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = ViTConfig(image_size=16, patch_size=8, num_labels=7, **size)
    ViTForImageClassification(config).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folders of pictures of several sizes and modes, a folder for each of three colours, each a little different."""
    root, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for name, colour in COLOURS.items():
            (root / split / name).mkdir(parents=True)
            for i in range(count):
                shape = (8 + i, 20 - i, 3)
                array = np.clip(np.array(colour) + rng.normal(0, 12, shape), 0, 255).astype("uint8")
                image = Image.fromarray(array).convert("RGBA" if i % 2 else "RGB")
                image.save(root / split / name / f"{i}.png")
    return root


# --- labels, rows, predictions and scores


def test_labels_are_sorted_by_value_or_as_declared():
    assert TASK.labels({"label": ["10", "9", "1"]}, None) == ("1", "9", "10")
    assert TASK.labels({"label": ["b"]}, ["b", "a"]) == ("b", "a")
    with pytest.raises(ValueError, match=r"data\.labels=a, b: train also has c\. Name every label"):
        TASK.labels({"label": ["c", "a"]}, ["a", "b"])
    few = ImageClassification("image_classification", "top_5")
    with pytest.raises(ValueError, match=r"task\.best=top_5 is always 1 with 3 labels"):
        few.labels({"label": list("abc")}, None)


def test_a_label_that_the_head_does_not_know_is_not_learned():
    rows = TASK.encode({"image": ["a.png", "b.png"], "label": ["x", "new"]}, None, ("w", "x"))
    assert rows["labels"] == [1, IGNORED] and rows["image"] == ["a.png", "b.png"] and rows["cut"] == [False, False]
    assert TASK.encode({"image": ["a.png"]}, None, ("w", "x"))["labels"] == [IGNORED]


def test_predictions_go_to_their_images_with_the_best_labels_first():
    logits = torch.log(torch.tensor([[0.05, 0.1, 0.5, 0.15, 0.12, 0.08], [0.3, 0.2, 0.2001, 0.1, 0.0999, 0.1]]))
    reduced = tuple(part.numpy() for part in TASK.reduce({"logits": logits}))
    decoded = TASK.decode(reduced, {"example": [1, 0]}, tuple("abcdef"), {"image": ["x", "y"]}, None)
    assert decoded[1] == {"prediction": "c", "confidence": 0.5, "top": ["c", "d", "e", "b", "f"]}
    assert decoded[0]["prediction"] == "a" and decoded[0]["top"][:3] == ["a", "c", "b"]


def test_scores_equal_those_of_scikit_learn():
    rng, names = np.random.default_rng(1), list("abcdefgh")
    p, gold = rng.dirichlet(np.ones(8), 40), rng.integers(0, 8, 40)
    examples = {"image": ["x"] * 40, "label": [names[i] for i in gold]}
    scores = TASK.metrics(TASK.decode((p,), {"example": range(40)}, names, examples, None), examples)
    assert scores.values["top_5"] == top_k_accuracy_score(gold, p, k=5)
    assert scores.values["accuracy"] == top_k_accuracy_score(gold, p, k=1)
    assert sum(cell["count"] for cell in scores.tables["confusion"]) == 40
    assert [row["label"] for row in scores.tables["labels"]][:8] == names


def test_scores_by_hand_and_no_top_5_among_few_labels():
    """a: precision 1/2, recall 1/1, F1 2/3; b: precision 1/1, recall 1/2, F1 2/3."""
    predictions = [{"prediction": p, "top": ["a", "b"]} for p in "aab"]
    scores = TASK.metrics(predictions, {"label": list("abb")}).values
    assert scores == {"accuracy": pytest.approx(2 / 3), "f1_macro": pytest.approx(2 / 3)}


def test_the_baseline_is_the_most_frequent_label():
    name, guesses = TASK.baseline({"label": list("abbccc")}, {"image": ["x", "y"]})
    assert name == "most frequent label" and guesses == [{"prediction": "c", "top": ["c", "b", "a"]}] * 2


# --- image processors and models


@pytest.mark.parametrize(
    ("model_type", "given"),
    [
        ("vit", {"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "resample": 2}),
        (
            "deit",
            {"feature_extractor_type": "DeiTFeatureExtractor", "size": 256, "crop_size": 224},
        ),
        ("resnet", {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875}),
        ("convnext", {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875}),
        ("swin", {"feature_extractor_type": "ViTFeatureExtractor", "size": 224, "resample": 3}),
        ("vit", {"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}}),
    ],
)
def test_the_processors_of_the_hubs_models_need_no_torchvision(tmp_path, model_type, given):
    mean = {"do_normalize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_resize": True}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**mean, **given}))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    processor = load_processor(tmp_path, TASK)
    images = [Image.new("RGB", (40, 30), (255, 255, 255)), Image.new("RGB", (300, 500), (255, 255, 255))]
    pixels = processor(images, return_tensors="pt")["pixel_values"]
    assert pixels.shape == (2, 3, 224, 224) and torch.allclose(pixels, torch.ones(1))


def test_a_model_for_text_has_no_image_processor(tiny_bert):
    with pytest.raises(ValueError, match=r"has no image processor .*task=image_classification reads images: choose"):
        load_processor(tiny_bert, TASK)


@pytest.mark.parametrize("size", [8, 9, 32])
def test_the_small_network_sees_each_image_alone(size):
    torch.manual_seed(0)
    model = SmallCNNForImageClassification(SmallCNNConfig(num_labels=3, widths=(8, 16))).eval()
    images = torch.randn(4, 3, size, size)
    together = model(images).logits
    assert together.shape == (4, 3)
    assert torch.allclose(together[2], model(images[2:3]).logits[0], atol=1e-5)
    assert not torch.allclose(together[2], together[3])


# --- whole runs

QUICK = ("task=image_classification", "training=steps", "training.max_steps=4", "training.eval_steps=4", "batch_size=8")


@pytest.fixture(scope="module")
def trained(compose_config, tiny_vit, pictures, tmp_path_factory):
    """The folder of a small run of the ViT under LoRA on the pictures."""
    from run import run_experiment

    words = [*QUICK, "data=files", f"data.train={pictures}/train", f"data.test={pictures}/test", "hardware=cpu",
             f"model.path={tiny_vit}", "method=lora", "optimizer.learning_rate=1e-2", "tracking=disabled",
             f"output_root={tmp_path_factory.mktemp('runs')}"]  # fmt: skip
    return run_experiment(compose_config(*words), words)


def test_a_pretrained_model_learns_a_folder_of_images(trained, pictures):
    rows = predicted(trained)
    assert [row["image"] for row in rows] == [str(p) for p in sorted((pictures / "test").glob("*/*.png"))]
    assert {row["gold"] for row in rows} == set(COLOURS) and rows[0]["gold"] == "blue"
    assert all(set(row["top"]) == set(COLOURS) for row in rows)
    again = load_model(trained, {"use_cpu": True}).predict({"image": [row["image"] for row in rows]})
    assert [(p["prediction"], p["confidence"]) for p in again] == [(r["prediction"], r["confidence"]) for r in rows]
    scores = json.loads((trained / "metrics.json").read_text())
    assert scores["baseline"]["values"]["accuracy"] == pytest.approx(1 / 3)
    assert (trained / "adapter").is_dir() and (trained / "report.html").is_file()


def test_transformers_alone_gives_the_same_predictions(trained):
    """The PIL backend is asked for: with torchvision, transformers would resize a little differently."""
    from transformers import AutoImageProcessor, pipeline

    processor = AutoImageProcessor.from_pretrained(trained / "model", backend="pil")
    classify = pipeline("image-classification", model=str(trained / "model"), image_processor=processor)
    for row in predicted(trained)[::5]:
        best = classify(row["image"])[0]
        assert best["label"] == row["prediction"] and best["score"] == pytest.approx(row["confidence"], abs=1e-4)


def test_arrays_and_images_in_memory_are_predicted_too(trained):
    row = predicted(trained)[0]
    image = Image.open(row["image"]).convert("RGB")
    found = load_model(trained, {"use_cpu": True}).predict({"image": [image, np.asarray(image), row["image"]]})
    assert [p["prediction"] for p in found] == [row["prediction"]] * 3
    with pytest.raises(ValueError, match="examples example 1: an array of the shape"):
        load_model(trained, {"use_cpu": True}).predict({"image": [np.zeros(3)]})


def test_a_folder_without_labels_is_predicted(trained, pictures, tmp_path):
    new, out = pictures / "test" / "green", tmp_path / "new.jsonl"
    use_run([f"from={trained}", "hardware=cpu", f"predict={new}", f"output={out}"])
    found = read_lines(out)
    known = {row["image"]: row["prediction"] for row in predicted(trained)}
    assert {row["image"]: row["prediction"] for row in found} == {p: known[p] for p in known if "/green/" in p}


def test_a_run_from_nothing_on_the_digits(run_here):
    small = ("model.config.image_size=8", "model.config.widths=[8]")
    folder = run_here(*QUICK, "data=sample", "model=small_cnn", "data.limit=40", *small)
    rows = predicted(folder)
    assert len(rows) == 40 and all(Image.open(row["image"]).size == (8, 8) for row in rows)
    again = load_model(folder, {"use_cpu": True}).predict({"image": [row["image"] for row in rows]})
    assert [(p["prediction"], p["top"]) for p in again] == [(r["prediction"], r["top"]) for r in rows]
    scores = json.loads((folder / "metrics.json").read_text())
    assert scores["test"]["top_5"] >= scores["test"]["accuracy"]


def test_an_image_that_breaks_off_is_named_when_it_is_read(run_here, tmp_path, pictures):
    """Its beginning is right, so it is found only when it is decoded."""
    for name in COLOURS:
        (tmp_path / "data" / name).mkdir(parents=True)
        for file in sorted((pictures / "train" / name).iterdir()):
            (tmp_path / "data" / name / file.name).write_bytes(file.read_bytes())
    broken = tmp_path / "data" / "red" / "3.png"
    broken.write_bytes(broken.read_bytes()[:120])
    with pytest.raises(ValueError, match=r"red/3\.png does not open as an image"):
        run_here(*QUICK, "data=files", f"data.train={tmp_path}/data", "model=small_cnn", "model.config.image_size=8")


def test_equal_images_in_train_and_test_are_found(pictures):
    file = next((pictures / "train" / "red").iterdir())
    path, content = str(file), file.read_bytes()
    splits = {"train": {"image": [path], "label": ["red"]}, "test": {"image": [content], "label": ["blue"]}}
    splits = {split: as_paths(of, TASK, ["x"]) for split, of in splits.items()}
    ready, _ = TASK.prepare(splits)
    assert TASK.inputs(ready["train"]) == TASK.inputs(ready["test"]) == [(path,)]
