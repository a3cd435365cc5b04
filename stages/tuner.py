"""The Trainer of a run, with what transformers' own lacks."""

from copy import deepcopy
from dataclasses import replace
from functools import cached_property
from math import isfinite

import torch
from accelerate.data_loader import prepare_data_loader
from torch.utils.data import DataLoader
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from stages import memory, optimization
from stages.batches import GlobalBatches, Rows, batches_of
from stages.collection import no_collection
from stages.cost import Work
from stages.divergence import Diverged
from stages.model import answers
from stages.outputs import joined
from stages.resuming import ResumingTrainer
from stages.sharding import gather, splits_weights
from stages.terminal import is_main, stage
from tasks.contract import Scores
from tasks.records import perplexity

LOSSES = ("loss", "perplexity")  # scores that need no answers


class Tuner(ResumingTrainer):
    """The Trainer with what it lacks: the task's loss over exactly the labels of an optimizer step, batches that do not
    depend on hardware, evaluation that keeps only what the task's `decode` needs."""

    def __init__(self, config, task, labels, model, tokenizer, splits, arguments, callbacks):
        self.config, self.untuned, self.labels, self.splits = config, task, labels, splits
        self.task = task  # after each evaluation with what `tuned` found there
        smoothing = arguments.label_smoothing_factor
        self.context = task.loss_context(splits["train"].rows, labels, smoothing)
        self.plain = replace(self.context, label_smoothing=0.0)  # validation losses stay comparable
        self.columns = [*tokenizer.model_input_names, *task.model_inputs, "labels"]
        self.stopped = None  # why and where training ended before its last step
        self.step_losses, self.gradient_norm = [], None  # of the present step: one loss for each piece of its batch
        self.work = Work()
        self.evaluated = {}  # step -> outputs on validation, of the best and the last evaluation
        self.choosing = True  # False once the checkpoint is chosen and answers are asked for
        self.whole = deepcopy(model) if splits_weights(config["hardware"]) and is_main() else None
        super().__init__(
            model=model,
            args=arguments,
            data_collator=task.collator(tokenizer, model),
            train_dataset=Rows(task.training_rows(splits["train"].rows, tokenizer, config["seed"]), self.columns),
            eval_dataset=self._rows("validation"),
            processing_class=tokenizer,
            compute_loss_func=self._training_loss,
            compute_metrics=self._validated,
            callbacks=callbacks,
        )
        self.remove_callback(ProgressCallback)
        self.remove_callback(PrinterCallback)

    @cached_property
    def batches(self):
        """The global batches of every epoch."""
        return batches_of(self.train_dataset.lengths, self.config)

    def _rows(self, split):
        return Rows(self.splits[split].rows, self.columns)

    def _training_loss(self, outputs, labels, num_items_in_batch=None):
        """Mean over all items of the optimizer step, on whichever processes and in whichever pieces they are."""
        items = self.task.items(labels).sum() if num_items_in_batch is None else num_items_in_batch
        return self.task.loss(outputs, labels, self.context).sum() / items.clamp(min=1)

    def _get_num_items_in_batch(self, batch_samples, device):
        """The items of the optimizer step, as the task counts them, over all processes."""
        items = sum((self.task.items(batch["labels"]).sum() for batch in batch_samples), torch.tensor(0)).to(device)
        return self.accelerator.gather(items).sum() if self.args.world_size > 1 else items

    def get_batch_samples(self, *args, **kwargs):
        """The Trainer's, at the start of each step; what the failed pieces of one add to the loss can be taken back."""
        self.loss_before_step, self.step_losses = self._tr_loss.clone(), []
        return super().get_batch_samples(*args, **kwargs)

    def get_train_dataloader(self):
        """This process's pieces of the global batches; already split, so accelerate must not split them again."""
        arguments = self.args
        pieces = GlobalBatches(
            self.batches, arguments.gradient_accumulation_steps, arguments.world_size, arguments.process_index
        )
        loader = DataLoader(
            self.train_dataset, batch_sampler=pieces, collate_fn=self.data_collator,
            pin_memory=self.args.dataloader_pin_memory,
            num_workers=self.args.dataloader_num_workers, persistent_workers=self.args.dataloader_persistent_workers,
            prefetch_factor=self.args.dataloader_prefetch_factor,
            multiprocessing_context=self.args.dataloader_multiprocessing_context,
        )  # fmt: skip
        return prepare_data_loader(
            loader, device=self.accelerator.device, num_processes=1, process_index=0, put_on_device=True,
            non_blocking=arguments.dataloader_pin_memory,
        )  # fmt: skip

    def floating_point_ops(self, inputs):
        """The Trainer's, which counts the model's parameters for each batch; they do not change."""
        main = inputs.get(getattr(self.model, "main_input_name", "input_ids"))
        return 0 if main is None else main.numel() * self._per_value

    @cached_property
    def _per_value(self):
        model = self.model
        return 6 * model.num_parameters(exclude_embeddings=True) if hasattr(model, "num_parameters") else 0

    def training_step(self, model, inputs, *args, **kwargs):
        """The Trainer's; the losses are kept, for `take_numbers`, and what the step works on is counted."""
        self.work.count(inputs)
        loss = super().training_step(model, inputs, *args, **kwargs)
        self.step_losses.append(loss)
        return loss

    def _get_grad_norm(self, *args, **kwargs):
        self.gradient_norm = super()._get_grad_norm(*args, **kwargs)
        return self.gradient_norm

    def take_numbers(self):
        """-> {"loss", "gradient norm"} of the optimizer step that is due, as floats; the loss is this process's."""
        losses, self.step_losses = self.step_losses, []
        norm = 0.0 if self.gradient_norm is None else self.gradient_norm  # DeepSpeed does not always tell
        norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm  # FSDP gives each process its part
        numbers = torch.stack([sum(losses).float(), torch.as_tensor(norm, dtype=torch.float, device=losses[0].device)])
        return dict(zip(("loss", "gradient norm"), numbers.tolist(), strict=True))

    def facts(self, what, value, step):
        """What is known of a loss or gradient that is no number, as Diverged wants it."""
        rate = self._get_learning_rate() if self.lr_scheduler else None
        state = self.state
        return {
            "what": what, "value": str(value), "step": step, "learning_rate": rate, "examples": [], "steps": None,
            "best_checkpoint": state.best_model_checkpoint, "best": state.best_metric,
        }  # fmt: skip

    def create_optimizer(self, model=None):
        """The Trainer's, with several learning rates where the configuration asks for them."""
        optimizer, choices, base = super().create_optimizer(model), self.config["optimizer"], self.args.learning_rate
        if optimization.own_rates(choices):
            rates = optimization.learning_rates(self.model, choices, base)
            optimization.set_learning_rates(optimizer, rates, base)
            stage("rates", optimization.describe_rates(self.model, choices, rates, base))
        return optimizer

    def create_scheduler(self, num_training_steps, optimizer=None):
        """The Trainer's, with the values that only the task and the number of steps can tell."""
        name, given = self.args.lr_scheduler_type.value, self.args.lr_scheduler_kwargs
        better = self.args.greater_is_better
        self.args.lr_scheduler_kwargs = optimization.scheduler_values(name, given, num_training_steps, better)
        try:
            return super().create_scheduler(num_training_steps, optimizer)
        except (TypeError, ValueError) as error:
            raise ValueError(f"scheduler.lr_scheduler_type={name} refuses its values: {error}") from error

    def evaluation_loop(self, dataloader, *args, **kwargs):
        """The Trainer's, once the task has set what no gradient learns; in smaller batches where memory is short."""
        self._settle()
        loop = super().evaluation_loop
        return memory.evaluate(self, lambda loader: loop(loader, *args, **kwargs), dataloader)

    def _settle(self):
        model = self.accelerator.unwrap_model(self.model)
        self.task.settle(model, self.splits["train"].rows, self.processing_class, self.labels)

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        """-> no batch loss (its mean would depend on the batch), (reduced outputs and row losses), labels per row."""
        inputs = self._prepare_inputs(inputs)
        labels = inputs.pop("labels")
        with torch.no_grad(), self.compute_loss_context_manager():
            if self.asks_answers:
                with self.accelerator.autocast():  # accelerate wraps the model; text is written by what is inside
                    outputs = self.task.respond(self.accelerator.unwrap_model(model), inputs, labels)
            else:
                outputs = model(**inputs)
            losses = self.task.loss(outputs, labels, self.plain)
            reduced = self.task.reduce(outputs) if self.asks_answers else ()
        return None, (*reduced, losses), self.task.items(labels)

    @property
    def asks_answers(self):
        """Whether evaluation needs the task's answers: writing text for each evaluation would take most of the time."""
        return not (self.task.generates and self.choosing and self.task.best in LOSSES)

    @no_collection()
    def _scores(self, split, outputs):
        """-> (Scores, predictions) of a split from what `prediction_step` returned for its rows."""
        *reduced, losses = joined(outputs.predictions)
        loss = float(losses.sum() / max(joined(outputs.label_ids).sum(), 1))
        if not isfinite(loss):
            raise Diverged(self.facts(f"loss on {split}", loss, self.state.global_step))
        values = {
            "loss": loss,
            **({"perplexity": perplexity(loss)} if "perplexity" in self.task.directions else {}),
        }
        if not self.asks_answers:
            return Scores(values), []
        part = self.splits[split]
        if split == "validation":
            self.task = self.untuned.tuned(tuple(reduced), part.rows, self.labels, part.examples)
        predictions = self.task.decode(tuple(reduced), part.rows, self.labels, part.examples, self.processing_class)
        scores = self.task.metrics(predictions, part.examples)
        return Scores({**values, **scores.values}, scores.tables), predictions

    def _validated(self, outputs):
        """The scores of an evaluation. Its outputs are kept as long as they may be those of the chosen weights."""
        best = {step: kept for step, kept in self.evaluated.items() if step == self.state.best_global_step}
        self.evaluated = {**best, self.state.global_step: outputs} if self.asks_answers else {}
        return self._scores("validation", outputs)[0].values

    @property
    def _chosen_step(self):
        """The step after which the present weights were as they are, once training is over."""
        chosen = self.args.load_best_model_at_end and self.state.best_model_checkpoint
        return self.state.best_global_step if chosen else self.state.global_step

    def score(self, split):
        """Predict a split with the present weights; -> (Scores, predictions). Runs on all processes. What evaluation
        has said of them is not asked again."""
        if split == "validation" and self._chosen_step in self.evaluated:
            self._settle()
            return self._scores(split, self.evaluated.pop(self._chosen_step))
        metrics, self.compute_metrics, self.choosing = self.compute_metrics, None, False
        try:
            outputs = self.evaluation_loop(self.get_test_dataloader(self._rows(split)), f"scoring {split}")
            return self._scores(split, outputs)
        finally:
            self.compute_metrics, self.choosing = metrics, True

    def first_batch(self, rows=2):
        """A small padded batch of validation rows and what the present model says of it, both on the CPU."""
        data = self._rows("validation")
        batch = self.data_collator([data[i] for i in range(min(rows, len(data)))])
        batch.pop("labels")
        return batch, answers(self.task, self.bare_model(), batch)

    def gather_model(self):
        """Put a model that is split over processes together again, for `bare_model`. Runs on all processes."""
        if splits_weights(self.config["hardware"]):
            gather(self.accelerator, self.model_wrapped, self.whole)

    def bare_model(self):
        """The model on the CPU, in float32, without what accelerate wraps around it (processes, autocast)."""
        model = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False) if self.whole is None else self.whole
        if str(self.config["model"].get("attention")).startswith("flash"):
            model.set_attn_implementation("sdpa")  # a CPU has no flash attention
        return model.to("cpu").float()
