"""Few-shot text classification: labels in the words of a prompt, sentence pairs, or label names alone."""

from dataclasses import dataclass, field
from typing import ClassVar

from tasks.checks import check_choices, check_text
from tasks.contract import Finding, Task
from tasks.texts import sentence_pairs, verbalizers
from tasks.texts.one_label import OneLabel, label_names

LABEL = OneLabel()
WAYS = ("contrastive", "prompt", "zero_shot")


@dataclass(frozen=True)
class FewShot(Task):
    """`way`: contrastive (an encoder learns from pairs of examples, then each class is the mean of its own), prompt (a
    masked language model fills a template with the labels' words), or zero_shot (nothing is learned: an encoder
    compares texts with label names). `pairs`: positive and as many negative partners per example, for contrastive.
    `template`, `words`: for prompt; `words` (label -> words) for zero_shot too, by default the label's name."""

    way: str = "contrastive"
    pairs: int = 20
    template: str = "{text} It is about {mask} ."
    words: dict = field(default_factory=dict)

    columns: ClassVar = ("text", "label")
    target: ClassVar = "label"
    lora_type: ClassVar = "FEATURE_EXTRACTION"
    model_inputs: ClassVar = ("other",)
    directions: ClassVar = LABEL.directions
    shown: ClassVar = ("accuracy", "f1_macro", "mcc", "calibration_error")
    calibration_bins: ClassVar = 15
    label_order: ClassVar = None
    pipeline: ClassVar = {"task": "text-classification"}
    is_standard: ClassVar = False
    skips_weights: ClassVar = True

    def __post_init__(self):
        super().__post_init__()
        check_choices(self, {"way": WAYS})
        if self.pairs < 1:
            raise ValueError(f"task.pairs={self.pairs} is not a number of pairs. Give 1 or more.")
        verbalizers.check_template(self.template)

    @property
    def auto_class(self):
        return "AutoModelForMaskedLM" if self.way == "prompt" else "AutoModel"

    @property
    def sample(self):
        return "text_classification"

    @property
    def smooths(self):
        return self.way == "prompt"

    @property
    def trains(self):
        return self.way != "zero_shot"

    def check_model(self, new):
        if self.way == "prompt" and new:
            raise ValueError(
                f"task.way=prompt asks a masked language model, but the weights lack its head ({', '.join(new)} would "
                "start at random). Take a model that has it, as model=bert-base-uncased, or task.way=contrastive."
            )

    def prepare(self, splits):
        for split, examples in splits.items():
            check_text(split, examples, self.columns)
        unnamed = sorted({name for examples in splits.values() for name in examples.get("label", ()) if _is_bare(name)})
        if self.way == "contrastive" or set(unnamed) <= set(map(str, self.words)):
            return splits, []
        what = f"labels whose names are no words: {', '.join(unnamed[:8])}"
        return splits, [Finding("warning", "all", what, "Say what they mean: task.words={0: bad, 1: good}")]

    def labels(self, train, known):
        names = label_names(train["label"], known)
        verbalizers.label_words(names, self.words)
        return names

    def classes(self, examples):
        return LABEL.classes(examples["label"])

    def encode(self, examples, tokenizer, labels):
        """One row per text; one that is longer than the model reads loses its end, and is marked as cut."""
        template = self.template if self.way == "prompt" else verbalizers.TEXT
        batch, cut = verbalizers.fill(template, examples["text"], tokenizer)
        gold = LABEL.ids(examples.get("label", [None] * len(cut)), labels)
        return {**batch, "example": list(range(len(cut))), "cut": cut, "labels": gold}

    def training_rows(self, rows, tokenizer, seed):
        return sentence_pairs.pair_rows(rows, self.pairs, seed) if self.way == "contrastive" else rows

    def head_class(self, base):
        return verbalizers.verbalizer(base) if self.way == "prompt" else sentence_pairs.sentence_encoder(base)

    def collator(self, tokenizer, model):
        if self.way != "prompt":
            return sentence_pairs.PairCollator(tokenizer)
        labels = [model.config.id2label[i] for i in range(model.config.num_labels)]
        words = verbalizers.label_words(labels, self.words)
        return verbalizers.PromptCollator(tokenizer, verbalizers.word_ids(words, self.template, tokenizer))

    def settle(self, model, rows, tokenizer, labels):
        if self.way == "contrastive":
            ids, gold = rows["input_ids"][:], rows["labels"][:]
        elif self.way == "zero_shot":
            ids = tokenizer(list(verbalizers.label_words(labels, self.words).values()))["input_ids"]
            gold = list(range(len(labels)))
        if self.way != "prompt":
            sentence_pairs.set_centroids(model, sentence_pairs.embed(model, ids, tokenizer), gold)

    def loss(self, outputs, labels, context):
        """Prompts: cross entropy over the labels' scores. Pairs: squared distance of cosine and 0 or 1."""
        if len(outputs["logits"]) == len(labels):
            return super().loss(outputs, labels, context)
        return sentence_pairs.pair_loss(outputs["embeddings"], labels)

    def reduce(self, outputs):
        return (LABEL.probabilities(outputs["logits"]),)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        answers = zip(rows["example"], reduced[0], strict=True)
        of_example = {example: LABEL.predicted(p, labels, self) for example, p in answers}
        return [of_example[example] for example in range(len(examples["text"]))]

    def metrics(self, predictions, examples):
        return LABEL.scores(predictions, examples["label"], self)

    def baseline(self, train, examples):
        """The label that the few examples hold most often; of equally frequent ones the first."""
        name, usual = LABEL.usual(train["label"], self)
        return name, [usual] * len(examples["text"])


def _is_bare(label):
    """Whether a label's name has no letter, so that it says nothing."""
    return not any(c.isalpha() for c in label)
