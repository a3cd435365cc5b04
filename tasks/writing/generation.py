"""What tasks that write text share: how a model is asked to write, the settings of that, and the text that comes out.

An encoder-decoder (T5, BART, Marian) reads a prompt and writes into a decoder of its own; a decoder-only model (GPT-2,
Llama) goes on where the prompt ends. Which one a model is, its configuration says (`Writer.for_model`).
"""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tasks.contract import IGNORED, Task
from tasks.writing.references import first_references, written_answer

# The arguments of transformers.GenerationConfig that change what is written, but for those that name token ids.
SAMPLING = ("temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")  # with do_sample
BEAMS = ("early_stopping", "length_penalty")  # with num_beams
SETTINGS = (
    "max_new_tokens", "min_new_tokens", "num_beams", *BEAMS, "do_sample", *SAMPLING, "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size", "repetition_penalty", "encoder_repetition_penalty", "renormalize_logits",
)  # fmt: skip


@dataclass(frozen=True)
class Writer(Task):
    """A task whose answers are written. `generation`: values of transformers.GenerationConfig; what is left out or null
    is that library's default, never the model's own, so that models compare. `decoder_only` is for `for_model` to set.
    """

    generation: dict[str, Any] = field(default_factory=dict)
    decoder_only: bool = False

    directions: ClassVar = {"loss": False, "perplexity": False}
    least_labels: ClassVar = 0
    generates: ClassVar = True

    def __post_init__(self):
        super().__post_init__()
        check_settings(self.generation)

    def for_model(self, config, tokenizer):
        from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as READERS

        if config.model_type in READERS and not config.is_encoder_decoder:
            raise ValueError(
                f"model.path is a {config.model_type} model, which reads but does not write. Choose a model that does, "
                "such as model=smollm2 (its weights come with the installation) or model=t5-small."
            )
        return replace(self, decoder_only=not config.is_encoder_decoder)

    @property
    def auto_class(self):
        return "AutoModelForCausalLM" if self.decoder_only else "AutoModelForSeq2SeqLM"

    @property
    def lora_type(self):
        return "CAUSAL_LM" if self.decoder_only else "SEQ_2_SEQ_LM"

    @property
    def is_standard(self):
        return False  # transformers.pipeline knows neither the prompt nor the settings

    def labels(self, train, known):
        return ()

    def classes(self, examples):
        return [[] for _ in next(iter(examples.values()))]

    def collator(self, tokenizer, model):
        from tasks.writing.prompts import Continuations, Pairs

        return (Continuations if self.decoder_only else Pairs)(tokenizer, model)

    def loss(self, outputs, labels, context):
        """Cross entropy of each written token given what stands before it; `outputs` may hold the last logits only."""
        logits = outputs["logits"]
        if self.decoder_only:
            labels, logits = labels[:, labels.shape[1] - logits.shape[1] + 1 :], logits[:, :-1]
        return super().loss({"logits": logits}, labels, context)

    def respond(self, model, inputs, labels):
        outputs = model(**inputs)
        outputs["generated"] = write(model, inputs, labels, self.generation)
        return outputs

    def reduce(self, outputs):
        return (outputs["generated"],)

    def decode(self, reduced, rows, labels, examples, tokenizer):
        return written(reduced[0], rows["example"], tokenizer)

    def for_evaluate(self, predictions, examples):
        """Texts against the first of their references."""
        texts = [p["prediction"] for p in predictions]
        return {"predictions": texts, "references": first_references(examples, self.target)}

    def answers(self, row):
        return written_answer(row)


def check_settings(settings: dict[str, Any]) -> None:
    """ValueError for what is no setting, what has no effect, and a length that cannot be; GenerationConfig judges the
    other values."""
    if not isinstance(settings, dict):
        raise ValueError(f"task.generation={settings} holds no settings. Choose from: {', '.join(SETTINGS)}.")
    given = {name for name, value in settings.items() if value is not None}
    unknown = next((name for name in settings if name not in SETTINGS), None)
    if unknown:
        raise ValueError(f"task.generation.{unknown} is not known. Choose from: {', '.join(SETTINGS)}.")
    length = settings.get("max_new_tokens")
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise ValueError(f"task.generation.max_new_tokens={length} is not a number of tokens. Give 1 or more.")
    if not settings.get("do_sample") and given & {*SAMPLING}:
        idle = ", ".join(sorted(given & {*SAMPLING}))
        raise ValueError(f"task.generation.{idle} changes nothing without sampling. Add task.generation.do_sample=true")
    if (settings.get("num_beams") or 1) == 1 and given & {*BEAMS}:
        idle = ", ".join(sorted(given & {*BEAMS}))
        raise ValueError(f"task.generation.{idle} changes nothing without beams. Add task.generation.num_beams=4")


def check_prompt(prompt: str, column: str) -> None:
    """ValueError for a prompt without the place where the text goes."""
    if f"{{{column}}}" not in prompt:
        raise ValueError(f"task.prompt={prompt!r} holds no {{{column}}}, where the text goes. Add it.")


def generation_config(model, settings: dict[str, Any], **ids):
    """transformers.GenerationConfig of these settings with the model's own token ids; `ids` overrule those."""
    from transformers import GenerationConfig

    own = model.generation_config
    names = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id", "forced_eos_token_id")
    known = {name: getattr(own, name, None) for name in names}
    if known["pad_token_id"] is None:
        ends = known["eos_token_id"]
        known["pad_token_id"] = ends[0] if isinstance(ends, list) else ends
    given = {name: value for name, value in settings.items() if value is not None}
    try:
        return GenerationConfig(**{**known, **ids, **given})
    except (TypeError, ValueError) as error:
        raise ValueError(f"task.generation: {error}") from error


def write(model, inputs: dict, labels, settings: dict[str, Any], **ids):
    """The token ids that a model writes for each row of a batch, shape (rows, longest), IGNORED behind the end.

    A decoder-only model goes on from what stands before the first label of a row, or from its end where it has none.
    Sampling is seeded by the batch itself, so it is the same in every process. The settings become the model's own:
    `generate` would fill gaps in them with what the model had before, and they are saved with it.
    """
    import torch

    prompts, mask = inputs["input_ids"], inputs["attention_mask"]
    if not model.config.is_encoder_decoder:
        prompts, mask = left_padded(prompts, mask, labels)
    inner = (
        model.get_base_model() if hasattr(model, "get_base_model") else model
    )  # peft's own is not always the one used
    inner.generation_config = model.generation_config = generation_config(inner, settings, **ids)
    with torch.random.fork_rng(devices=[prompts.device] if prompts.device.type == "cuda" else []):
        torch.manual_seed(int(prompts.sum()))
        out = model.generate(input_ids=prompts, attention_mask=mask)
    out = out[:, 1 if model.config.is_encoder_decoder else prompts.shape[1] :]
    return _ended(out, model.generation_config.eos_token_id)


def _ended(ids, ends):
    """The ids with IGNORED behind the first end in each row."""
    import torch

    if ends is None:
        return ids
    is_end = torch.isin(ids, torch.as_tensor(ends, device=ids.device))
    return ids.masked_fill((is_end.cumsum(dim=1) - is_end.long()) > 0, IGNORED)


def left_padded(input_ids, attention_mask, labels):
    """-> (prompts moved to the right edge, their mask): generation goes on from there. A prompt is what stands before
    the first label of its row."""
    known = labels != IGNORED
    before = (known.cumsum(dim=1) == 0) & attention_mask.bool()
    order = before.long().argsort(dim=1, stable=True)  # what is no prompt first, each part in its order
    width = int(before.sum(dim=1).max())
    ids, mask = input_ids.gather(1, order), before.gather(1, order).long()
    return ids[:, -width:], mask[:, -width:]


def written(ids, example_of_row, tokenizer) -> list[dict]:
    """Generated ids (an array, IGNORED behind the end) -> `{"prediction": text}` per example."""
    predictions = [{}] * len(example_of_row)
    for example, row in zip(example_of_row, ids, strict=True):
        text = tokenizer.decode([int(i) for i in row if i != IGNORED], skip_special_tokens=True)
        predictions[example] = {"prediction": text.strip()}
    return predictions
